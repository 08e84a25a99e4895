"""What the README's figures come from: ``python -m benchmarks`` measures, anyone can run it."""
