"""u8sync: customer tiers for Yonyou U8, planned, proven and written back."""

__version__ = "0.1.0"
