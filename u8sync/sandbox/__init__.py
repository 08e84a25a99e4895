"""An embedded U8 account set for demos, training and tests."""
