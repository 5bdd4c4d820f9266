"""What a recording held that could not be shown: counted, and the first few named."""

_NAMED = 3  # more would not fit into a line


class Skipped:
    """Messages or files that were passed over, in the order in which they were found.

    Args:
        what: the plural of what is counted, for example `messages`.
    """

    def __init__(self, what: str) -> None:
        self._what = what
        self._reasons: list[str] = []
        self.count = 0

    def add(self, name: str, reason: object) -> None:
        """`name` could not be shown because of `reason`."""
        self.count += 1
        if len(self._reasons) < _NAMED:
            self._reasons.append(f"{name} ({reason})")

    def text(self, total: int) -> str:
        """One line: how many of `total` were skipped, the first few names, and why."""
        more = ", …" if self.count > len(self._reasons) else ""
        return f"{self.count} of {total} {self._what} skipped: {', '.join(self._reasons)}{more}"
