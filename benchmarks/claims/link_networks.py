"""Networks trained on the onboard node's own frames beside those trained on clean ones, at equal bytes.

Frames of recordings that no training saw are reduced and compressed as the onboard node does it, at several
qualities, and enlarged by each network; LPIPS against the original frame says how much it pays that a network
knows the codec.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import numpy as np

from benchmarks.harness.evidence import (
    LinkNetworkRow,
    LinkNetworksResult,
    arguments,
    save,
    status,
    this_machine,
)
from edgesr_ros.ladder.measure import PointMeter, Setting, means, of_usual_width, still_codec
from edgesr_ros.sources.clip import default_clip
from edgesr_ros.sources.opening import open_source
from edgesr_ros.upscaling.base import Upscaler
from edgesr_ros.upscaling.catalog import list_models, load_upscaler

_SCALE = 4
_CODEC = "webp"
_QUALITIES = (10, 20, 35, 50, 65, 80, 90)
_NETWORKS = ("edgesrgan_tiny_x4", "edgesrgan_x4")
_THREADS = 2


def frames(source: str, count: int) -> Iterator[np.ndarray]:
    """`count` frames spread evenly over a recording, at most 640 pixels wide, RGB or grey."""
    every = max(1, sum(1 for _ in open_source(source)) // count)
    for frame in islice(open_source(source), 0, every * count, every):
        yield of_usual_width(frame.array)


def measure(source: str, networks: Sequence[Upscaler], count: int) -> list[LinkNetworkRow]:
    """A row for each network and quality: means over the frames.

    Raises:
        InputError: as `open_source`.
    """
    images = list(frames(source, count))
    found = {
        network.name: means(
            PointMeter({_SCALE: network}, _THREADS).stills(still_codec(_CODEC), _QUALITIES, images)
        )
        for network in networks
    }
    return [
        LinkNetworkRow(
            recording=Path(source).name,
            model=name,
            codec=_CODEC,
            quality=quality,
            frames=len(images),
            bytes_per_frame=figures.bytes,
            lpips_alex=figures.lpips,
            psnr_db=figures.psnr_db,
        )
        for quality in _QUALITIES
        for name, settings in found.items()
        for figures in [settings[Setting(_SCALE, quality)]]
    ]


def main() -> int:
    """Entry point."""
    parser = arguments("link_networks", __doc__)
    parser.add_argument(
        "--recordings", nargs="+", help="videos, folders or bags; default: the demo's clip alone"
    )
    given = parser.parse_args()
    return status("link_networks", lambda: _run(given))


def _run(given: argparse.Namespace) -> None:
    shipped = list_models()
    names = [name for base in _NETWORKS for name in (base, f"{base}_link") if name in shipped]
    networks = [load_upscaler(name, threads=_THREADS) for name in ("bicubic", *names)]
    rows = []
    for source in given.recordings or [default_clip()]:
        rows += measure(source, networks, 2 if given.quick else 10)
    for row in rows:
        print(
            f"{row.recording:20} {row.model:24} q{row.quality:<3} {row.bytes_per_frame:6.0f} B  "
            f"LPIPS {row.lpips_alex:.3f}  {row.psnr_db:.2f} dB"
        )
    save("link_networks", given, LinkNetworksResult(machine=this_machine(), rows=rows))


if __name__ == "__main__":
    sys.exit(main())
