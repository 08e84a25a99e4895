"""``python -m u8sync`` is ``u8sync``."""

from u8sync.cli.app import main

main()
