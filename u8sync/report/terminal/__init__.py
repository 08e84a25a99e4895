"""What a person reads on the terminal: a plan, a run, an explanation, a check of the audit log, an error.

Each function takes plain values and returns something that rich can print; nothing is printed here. The same facts as
a page of their own: ``html.py``.
"""
