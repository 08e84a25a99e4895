"""Pure: what u8sync decides. No input, no output, no clock, no environment; polars and nothing else from outside."""
