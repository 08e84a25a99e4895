"""The fresh process in which a contender works once: ``python -m benchmarks.nightly.child``.

Time runs from before this process was made until the work is done; the sum is taken after the clock has stopped. A
contender whose own processes work at the same time offers ``peak_mib_below(result)``, their peaks added up; for all
others the greatest of them counts.
"""

from __future__ import annotations

import importlib
import json
import resource
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

from benchmarks.nightly.job import checksum
from benchmarks.nightly.place import place_of


def main() -> None:
    """Work once, and print what it took and came to."""
    module, place, began = sys.argv[1:]
    contender = importlib.import_module(f"benchmarks.nightly.{module}")
    unit = 1024 if sys.platform == "linux" else 1024 * 1024
    with tempfile.TemporaryDirectory() as folder:
        result = contender.work(place_of(place), Path(folder))
        seconds = time.monotonic() - float(began)  # one clock for all processes of the machine
        own, below = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
        added_up = getattr(contender, "peak_mib_below", None)
        told = {
            "seconds": seconds,
            "processor": own.ru_utime + own.ru_stime + below.ru_utime + below.ru_stime,
            "peak_mib": own.ru_maxrss / unit + (added_up(result) if added_up else below.ru_maxrss / unit),
            **asdict(checksum(contender.outcomes(result))),
        }
    print(json.dumps(told))


if __name__ == "__main__":
    main()
