"""``u8sync sample``: an anonymised extract of an account set, as an embedded account set to write mappings on.

One room a step: ``columns`` says what becomes of each column, ``disguise`` how single values are replaced, ``archive``
applies both to the customers, ``books`` makes documents of monthly sums, ``choice`` takes fewer customers, ``making``
reads and writes.
"""
