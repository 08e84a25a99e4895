"""A first mapping for an account set: what is looked at, what it says, and its text. Pure: nothing is read or written.

``source.py`` the account set, ``items.py`` and ``tables.py`` what is made of it, ``draft.py`` all of it together,
``words.py`` what may stand in a file, ``text.py`` the file.
"""

from u8sync.report.first_mapping.draft import USUAL_TIERS, Draft, draft_of
from u8sync.report.first_mapping.source import Source
from u8sync.report.first_mapping.text import SCHEMA_FOLDER, TO_DO, mapping_text

__all__ = ["SCHEMA_FOLDER", "TO_DO", "USUAL_TIERS", "Draft", "Source", "draft_of", "mapping_text"]
