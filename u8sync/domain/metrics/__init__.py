"""What is measured of a customer; one family a file, all listed in :data:`METRICS`."""
