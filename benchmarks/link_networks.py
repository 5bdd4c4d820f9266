"""Networks trained on the onboard node's own frames beside those trained on clean ones, at equal bytes.

Frames of recordings that no training saw are reduced and compressed as the onboard node does it, at several
qualities, and enlarged by each network; LPIPS against the original frame says how much it pays that a network
knows the codec.
"""

import sys
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import cv2
import numpy as np

from benchmarks.evidence import (
    LinkNetworkRow,
    LinkNetworksResult,
    arguments,
    save,
    this_machine,
)
from edgesr_ros.cli.demo import default_clip
from edgesr_ros.errors import InputError
from edgesr_ros.frames.codecs import decode, encode
from edgesr_ros.frames.reduce import crop_to, reduce_frame
from edgesr_ros.frames.sources import open_source
from edgesr_ros.quality.fidelity import psnr
from edgesr_ros.quality.lpips import Lpips
from edgesr_ros.upscaling.base import Upscaler
from edgesr_ros.upscaling.catalog import list_models, load_upscaler

_SCALE = 4
_CODEC = "webp"
_QUALITIES = (10, 20, 35, 50, 65, 80, 90)
_WIDTH = 640  # wider recordings are first reduced to it
_REFERENCE_PIXELS = 640 * 480  # bytes are told for a frame of this size
_NETWORKS = ("edgesrgan_tiny_x4", "edgesrgan_x4")
_THREADS = 2


def frames(source: str, count: int) -> Iterator[np.ndarray]:
    """`count` frames spread evenly over a recording, at most 640 pixels wide, RGB or grey."""
    every = max(1, sum(1 for _ in open_source(source)) // count)
    for frame in islice(open_source(source), 0, every * count, every):
        image = frame.array
        if image.shape[1] > _WIDTH:
            height = round(image.shape[0] * _WIDTH / image.shape[1])
            image = cv2.resize(image, (_WIDTH, height), interpolation=cv2.INTER_AREA)
        yield image


def measure(source: str, networks: Sequence[Upscaler], count: int) -> list[LinkNetworkRow]:
    """A row for each network and quality: means over the frames.

    Raises:
        InputError: as `open_source`.
    """
    lpips = Lpips(_THREADS)
    found: dict[tuple[str, int], list[tuple[float, float, float]]] = {}
    for image in frames(source, count):
        height, width = image.shape[:2]
        original = cv2.cvtColor(image, cv2.COLOR_GRAY2RGB) if image.ndim == 2 else image
        reduced = reduce_frame(image, _SCALE)
        for quality in _QUALITIES:
            data = encode(reduced, _CODEC, quality)
            received = decode(data)
            size = len(data) * _REFERENCE_PIXELS / (height * width)
            for network in networks:
                picture = crop_to(network.upscale(received), width, height)
                if image.ndim == 2:  # the ground station makes a grey camera's pictures grey again
                    picture = cv2.cvtColor(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
                found.setdefault((network.name, quality), []).append(
                    (size, lpips(picture, original), psnr(picture, original))
                )
    rows = []
    for (name, quality), figures in found.items():
        size, distance, decibels = (float(np.mean(values)) for values in zip(*figures, strict=True))
        rows.append(
            LinkNetworkRow(
                recording=Path(source).name,
                model=name,
                codec=_CODEC,
                quality=quality,
                frames=len(figures),
                bytes_per_frame=size,
                lpips_alex=distance,
                psnr_db=decibels,
            )
        )
    return rows


def main() -> int:
    """Entry point."""
    parser = arguments("link_networks", __doc__)
    parser.add_argument(
        "--recordings", nargs="+", help="videos, folders or bags; default: the demo's clip alone"
    )
    given = parser.parse_args()
    try:
        shipped = list_models()
        names = [name for base in _NETWORKS for name in (base, f"{base}_link") if name in shipped]
        networks = [load_upscaler(name, "auto", _THREADS) for name in ("bicubic", *names)]
        rows = []
        for source in given.recordings or [default_clip()]:
            rows += measure(source, networks, 2 if given.quick else 10)
    except InputError as error:
        print(f"benchmarks.link_networks: {error}", file=sys.stderr)
        return 2
    for row in rows:
        print(
            f"{row.recording:20} {row.model:24} q{row.quality:<3} {row.bytes_per_frame:6.0f} B  "
            f"LPIPS {row.lpips_alex:.3f}  {row.psnr_db:.2f} dB"
        )
    save("link_networks", given, LinkNetworksResult(machine=this_machine(), rows=rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
