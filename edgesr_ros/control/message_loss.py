"""The share of a stream's messages that get lost, whether they are repaired or not."""

import math

_GAIN = 1 / 150  # weight of a message, …
_FIRST = 20  # … more at the beginning: as if so many had come before
_REPAIRED_WITHIN = 0.5  # s from the word that a message is missing until parity has made it


class MessageLoss:
    """Counts what was told to be missing, and what was made from parity before anybody could tell.

    Attributes:
        share: of messages lost of late, 0..1.
    """

    def __init__(self) -> None:
        self.share = 0.0
        self._messages = 0
        self._repaired: int | None = None  # by the receiver, so far
        self._told: list[tuple[float, int]] = []  # when so many were told to be missing

    def reported(self, now: float, sent: int, missing: int, repaired: int) -> None:
        """Of a report: since the one before `sent` messages, and `missing` ones more.

        `repaired` were made from parity since the receiver began; most of them were missing before.
        """
        self._told = [(at, known) for at, known in self._told if at > now - _REPAIRED_WITHIN]
        unknown = 0 if self._repaired is None else repaired - self._repaired
        self._repaired = repaired
        for place, (at, known) in enumerate(self._told):
            unknown, left = max(unknown - known, 0), max(known - unknown, 0)
            self._told[place] = at, left
        self._told.append((now, missing))
        self._messages += sent
        gain = max(_GAIN, 1 / (self._messages + _FIRST))
        lost = missing + max(unknown, 0)
        self.share = min(self.share * (1 - gain) ** sent + gain * lost, 1.0)


def more_lost(messages: int, count: int, loss: float) -> float:
    """Probability that of so many messages more than `count` are lost."""
    lost = min(loss, 0.99)
    return 1 - sum(math.comb(messages, n) * lost**n * (1 - lost) ** (messages - n) for n in range(count + 1))
