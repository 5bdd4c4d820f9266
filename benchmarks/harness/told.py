"""How pictures look that are sent by default, where the encoder is told how large each frame is to be."""

from collections.abc import Mapping

import numpy as np

from edgesr_ros.codecs.decoder import FrameDecoder
from edgesr_ros.codecs.format import STREAMS, FrameFormat, codec_of
from edgesr_ros.codecs.streams import STREAM_CODECS
from edgesr_ros.control.repair import STORE_EVERY
from edgesr_ros.experiment.footage import Footage
from edgesr_ros.experiment.plan import Camera
from edgesr_ros.ladder.auto import AutoLadder
from edgesr_ros.ladder.stream import References
from edgesr_ros.quality.lpips import Lpips
from edgesr_ros.upscaling.base import Upscaler
from edgesr_ros.upscaling.restore import enlarge_by, restore

_THREADS = 2
_SETTLED = 30  # frames
_EVERY, _OFFSETS = 7, (0, 3)  # SVT-AV1's rate control repeats every four frames


def auto_figures(
    source: str, told: float, networks: Mapping[int, Upscaler | None], count: int
) -> tuple[float, float]:
    """Bytes and LPIPS, means of `count` frames of a 640x480 camera that were to take `told` bytes each.

    Nothing is lost, and the receiver reports: a stored frame is acknowledged when the next one is encoded. A
    stream of which nothing is acknowledged has key frames, and `auto` sends none to who does not report.
    Errors as `Footage.read`.
    """
    camera = Camera()
    footage = Footage.read(source, source, camera)
    encoder, decoder, lpips = AutoLadder().used, FrameDecoder(), Lpips(_THREADS)
    enlarge = enlarge_by({scale: network for scale, network in networks.items() if network})
    sizes, found, acknowledged = [], [], None
    for place in range(count):
        stored = place % STORE_EVERY == 0
        references = References(store=stored, acknowledged=acknowledged)
        encoded = encoder.encode(footage.frame(place), round(told), references=references)
        if stored and encoded.point.codec in STREAMS:
            acknowledged = STREAM_CODECS[encoded.point.codec].dependence(encoded.data).number
        form = FrameFormat.of(footage.frame(place), codec_of(encoded.point.codec))
        received = decoder.decode(encoded.data, form.text())
        if place < _SETTLED:
            continue
        sizes.append(len(encoded.data))
        if place % _EVERY in _OFFSETS:
            shown = restore(received.picture, (camera.width, camera.height), enlarge).picture
            found.append(lpips(shown, footage.picture(place)))
    return float(np.mean(sizes)), float(np.mean(found))
