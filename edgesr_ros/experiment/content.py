"""What a recording could fill of a link."""

import numpy as np

from edgesr_ros.experiment.curves import LADDER
from edgesr_ros.experiment.footage import Footage
from edgesr_ros.experiment.plan import MAX_FRAME_BYTES
from edgesr_ros.ladder.encoder import LadderEncoder
from edgesr_ros.ladder.points import read_ladder
from edgesr_ros.link.packets import wire_bytes

_SIZED = 8  # frames of which the size without a link is measured …
_ROUNDS = 5  # … after each was encoded so often: neighbours in time are alike, these are not


def content_kbps(footage: Footage, rate_hz: float) -> float:
    """What the recording could fill, in packets: each frame as the ladder's encoder makes it on no link."""
    encoder = LadderEncoder(read_ladder(LADDER))
    sizes = []
    for number in footage.spread(_SIZED):
        for _ in range(_ROUNDS):  # it learns what the content takes
            encoded = encoder.encode(footage.frame(number), MAX_FRAME_BYTES, MAX_FRAME_BYTES)
        sizes.append(wire_bytes(len(encoded.data)))
    return float(np.mean(sizes)) * 8e-3 * rate_hz
