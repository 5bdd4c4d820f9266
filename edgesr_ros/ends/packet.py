"""A frame as the robot's end makes it, with the reasons for it."""

from typing import NamedTuple

from edgesr_ros.codecs.format import EncoderName, FrameFormat
from edgesr_ros.control.sender import Decision
from edgesr_ros.frames.visible_range import ValueRange


class Packet(NamedTuple):
    """A frame ready to be sent.

    Attributes:
        data: the compressed frame.
        format: what the bytes are, for the receiver.
        scale: by which both sides were reduced.
        encoder: what compressed it.
        quality: at which the encoder did, 1..100; 0: as the camera compressed it.
        decision: what it was to be, and why.
        begun: s, when its encoding began.
    """

    data: bytes
    format: FrameFormat
    scale: int
    encoder: EncoderName
    quality: int
    decision: Decision
    begun: float

    def showing(self, shown: ValueRange | None) -> "Packet":
        """The same, of a frame that shows this range of values."""
        return self._replace(format=self.format.showing(shown))

    def to_pairs(self) -> dict[str, str]:
        """What was decided and what came of it, as text; what is not known yet is left out."""
        decided = {
            key: value if isinstance(value, str) else f"{value:.6g}"
            for key, value in self.decision._asdict().items()
            if value is not None
        }
        return decided | {
            "sent_bytes": str(len(self.data)),
            "scale": str(self.scale),
            "codec": self.encoder,
            "quality": str(self.quality),
        }
