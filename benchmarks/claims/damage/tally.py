"""What becomes of damaged input, counted."""

import resource
import sys
import time
from collections import Counter
from collections.abc import Callable

from benchmarks.claims.damage.claim import DamageRow
from edgesr_ros.errors import InputError

ROUND = 250  # that are damaged, before one that is good


class Tally:
    """Counts an attack."""

    def __init__(self, what: str) -> None:
        self._what, self._counts, self._longest = what, Counter[str](), 0.0
        self._before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    def call(self, action: Callable[[], object]) -> bool:
        """Do what may fail by an InputError of one line only; whether it did not."""
        self._counts["count"] += 1
        began, taken = time.process_time(), False
        try:
            action()
            self._counts["taken"] += 1
            taken = True
        except InputError as error:
            self._counts["wrong" if "\n" in str(error) else "refused"] += 1
        except Exception as error:
            print(f"{self._what}: {error!r}", file=sys.stderr)
            self._counts["wrong"] += 1
        self._longest = max(self._longest, time.process_time() - began)
        return taken

    def good(self, taken: bool) -> None:
        """Something good came, and was taken or not."""
        self._counts["good"] += 1
        self._counts["good_lost"] += not taken

    def row(self) -> DamageRow:
        """What it came to."""
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - self._before
        names = ("count", "refused", "taken", "wrong", "good", "good_lost")
        return DamageRow(
            what=self._what,
            longest_ms=round(1e3 * self._longest, 1),
            grown_mb=round(grown / 1e3, 1),
            **{name: self._counts[name] for name in names},
        )
