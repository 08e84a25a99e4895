"""The night's work, done by u8sync and by what a user would take instead.

``job.py`` says what the work is, ``account_set.py`` makes the data, ``contenders.py`` lists who does it, one file a
contender (``by_*.py``), ``child.py`` is the fresh process in which one of them works.
"""
