"""The usual way to send: a stream, and frames that stand alone where no stream gets through."""

from collections.abc import Callable

from edgesr_ros.codecs.machine import ANY, Machine
from edgesr_ros.ladder.encoder import LadderEncoder, usable_ladder
from edgesr_ros.ladder.points import read_ladder

AUTO = "auto"
_STREAM, _STILLS = "av1", "webp"
_BEYOND_REPAIR, _REPAIRABLE = 0.35, 0.15  # share of frames lost from which frames stand alone, until this


class AutoLadder:
    """AV1, or H.264 where it cannot be encoded here; WebP where no stream gets through.

    Args:
        first_number: as that of `LadderEncoder`.
        machine: the same.
        log: takes one line where AV1 is missing.

    Attributes:
        used: what encodes the next frame.

    Raises:
        InputError: a shipped ladder cannot be read, or as `LadderEncoder`.
    """

    def __init__(
        self, first_number: int = 0, machine: Machine = ANY, log: Callable[[str], None] = print
    ) -> None:
        self._stream = LadderEncoder(usable_ladder(_STREAM, log), first_number, machine)
        self._stills = LadderEncoder(read_ladder(_STILLS))
        self.used = self._stream

    def choose(self, unreported: bool, loss: float) -> None:
        """To a receiver that does not report, or one that loses this share of frames."""
        limit = _REPAIRABLE if self.used is self._stills else _BEYOND_REPAIR
        self.used = self._stills if unreported or loss > limit else self._stream
