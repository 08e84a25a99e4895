"""The history of runs: a folder for each, with its entry, report and log; what they say is read back here."""
