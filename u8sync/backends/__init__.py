"""The ways into U8; one file each, all listed in :data:`BACKENDS` and imported only when chosen."""
