"""Checkpoints kept out of the writer's reach: places for them, and sending them there."""
