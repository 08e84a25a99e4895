"""Stand-ins for ``crontab``, ``systemctl`` and ``schtasks``: small programs that keep what they are given in a folder.

The real ones are the machine's own: a test must not set up a task there. What can be asked of the real ones without
that (a crontab's syntax, a unit's soundness) is asked in the tests of the texts.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

CRONTAB = """#!/bin/sh
case "$1" in
  -l) [ -f "$KEPT/crontab" ] || { echo "no crontab for tester" >&2; exit 1; }; cat "$KEPT/crontab" ;;
  -) cat > "$KEPT/crontab" ;;
  *) exit 2 ;;
esac
"""

SYSTEMCTL = """#!/bin/sh
echo "$*" >> "$KEPT/systemctl"
[ ! -f "$KEPT/refuse" ] || { echo "Access denied" >&2; exit 4; }
"""

SCHTASKS = """#!/bin/sh
echo "$*" >> "$KEPT/schtasks"
case "$1" in
  /Create) [ ! -f "$KEPT/refuse" ] || { echo "ERROR: Access is denied." >&2; exit 1; }; cp "$5" "$KEPT/task.xml" ;;
  /Query) [ -f "$KEPT/task.xml" ] || { echo "ERROR: The system cannot find the file specified." >&2; exit 1; } ;;
  /Delete) rm "$KEPT/task.xml" ;;
esac
"""


@dataclass(frozen=True)
class Tools:
    """The stand-ins, and what they were given."""

    folder: Path
    kept: Path

    def add(self, name: str, text: str) -> None:
        path = self.folder / name
        path.write_text(text.replace("$KEPT", str(self.kept)), encoding="utf-8")
        path.chmod(0o755)

    def refuse(self) -> None:
        (self.kept / "refuse").touch()

    def said(self, name: str) -> list[str]:
        """The calls of a tool, or the lines that it keeps."""
        path = self.kept / name
        return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


def tools_in(folder: Path) -> Tools:
    """All three, in a folder of their own."""
    tools = Tools(folder / "bin", folder / "kept")
    tools.folder.mkdir()
    tools.kept.mkdir()
    for name, text in (("crontab", CRONTAB), ("systemctl", SYSTEMCTL), ("schtasks", SCHTASKS)):
        tools.add(name, text)
    return tools
