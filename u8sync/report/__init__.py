"""What people see: the terminal, the report file, and the words of each language."""
