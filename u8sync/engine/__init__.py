"""The road of a run: plan, apply, recover, retry."""
