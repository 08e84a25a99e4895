"""The files that people write: YAML with every value's place, checked by models, turned into plain dataclasses."""
