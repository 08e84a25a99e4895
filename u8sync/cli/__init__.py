"""Words and keys: parse, call, show, exit code."""
