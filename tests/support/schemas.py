"""Write the shipped JSON Schemas again, after a shape of a file or the options of a backend have changed.

Run it from the checkout::

    python tests/support/schemas.py
"""

from __future__ import annotations

from u8sync.backends import BACKENDS, backend_kind
from u8sync.config.json_schema import FOLDER, schemas
from u8sync.report.language import translator


def main() -> None:
    """Write every schema."""
    FOLDER.mkdir(exist_ok=True)
    kinds = {name: backend_kind(name) for name in BACKENDS}
    options = {name: kind.options for name, kind in kinds.items()}
    anchors = {name: kind.anchor.options for name, kind in kinds.items() if kind.anchor is not None}
    for name, text in schemas(options, anchors, translator("zh")).items():
        (FOLDER / name).write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
