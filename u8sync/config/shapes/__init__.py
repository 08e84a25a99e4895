"""The shapes of the five kinds of files that people write: which keys there are, and what each may hold.

What lives here: pydantic models, one for each group of keys, with the sentence that an editor shows for each key
(Chinese and English). What does not: checks that look at several keys at once; they stand with the loaders. The idea:
one source for the check, the JSON Schema and the explanation.
"""
