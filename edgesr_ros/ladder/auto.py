"""The usual way to send: a stream, and frames that stand alone where no stream gets through."""

from collections.abc import Callable

import numpy as np

from edgesr_ros.codecs.streams import ANY, Machine
from edgesr_ros.ladder.encoder import Encoded, LadderEncoder, usable_ladder
from edgesr_ros.ladder.points import read_ladder
from edgesr_ros.ladder.stream import UNMENDED, References

AUTO = "auto"
_STREAM, _STILLS = "av1", "webp"


class AutoEncoder:
    """AV1, or H.264 where it cannot be encoded here; WebP while `stand_alone`. As `LadderEncoder`.

    Args:
        first_number: as that of `LadderEncoder`.
        machine: the same.
        log: takes one line where AV1 is missing.

    Raises:
        InputError: a shipped ladder cannot be read, or as `LadderEncoder`.
    """

    def __init__(
        self, first_number: int = 0, machine: Machine = ANY, log: Callable[[str], None] = print
    ) -> None:
        self._stream = LadderEncoder(usable_ladder(_STREAM, log), first_number, machine)
        self._stills = LadderEncoder(read_ladder(_STILLS))
        self._used = self._stream

    @property
    def streams(self) -> bool:
        """Whether frames build on each other, so that each must be sent and none be slipped in."""
        return self._used.streams

    @property
    def least_bytes(self) -> int:
        """Of a frame that shows anything."""
        return self._used.least_bytes

    def stand_alone(self, alone: bool) -> None:
        """Whether the frames from the next one on are to stand alone."""
        self._used = self._stills if alone else self._stream

    def expected(self, pixels: int) -> tuple[np.ndarray, np.ndarray]:
        """As that of `LadderEncoder`."""
        return self._used.expected(pixels)

    def encode(
        self,
        image: np.ndarray,
        target_bytes: int,
        max_bytes: int | None = None,
        references: References = UNMENDED,
        enlarging: float = 0.0,
    ) -> Encoded:
        """As that of `LadderEncoder`; errors too."""
        return self._used.encode(image, target_bytes, max_bytes, references, enlarging)
