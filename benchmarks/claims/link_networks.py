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

from benchmarks.harness.claim import Claim
from benchmarks.harness.evidence import Result
from benchmarks.harness.goals import Goal
from benchmarks.harness.markdown import number, table
from edgesr_ros.ladder.measure import PointMeter, Setting, means, of_usual_width, still_codec
from edgesr_ros.schema import Struct
from edgesr_ros.sources.clip import default_clip
from edgesr_ros.sources.opening import open_source
from edgesr_ros.upscaling.base import Upscaler
from edgesr_ros.upscaling.catalog import list_models, load_upscaler

_SCALE = 4
_CODEC = "webp"
_QUALITIES = (10, 20, 35, 50, 65, 80, 90)
_NETWORKS = ("edgesrgan_tiny_x4", "edgesrgan_x4")
_THREADS = 2
_FEW_BYTES = (2000, 6000)  # a frame, where super-resolution is meant to pay


class LinkNetworksSettings(Struct):
    """Of the robot that is played."""

    codec: str
    scale: int


class LinkNetworkRow(Struct):
    """A network on a recording's frames as the onboard node sends them; means over the frames."""

    recording: str
    model: str
    quality: int  # of the codec
    frames: int
    bytes_per_frame: float  # for a 640x480 frame
    lpips_alex: float
    psnr_db: float


LinkNetworksResult = Result[LinkNetworksSettings, list[LinkNetworkRow]]


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


def link_networks_table(result: LinkNetworksResult) -> str:
    """LPIPS of each network by recording and bytes, and what the `_link` ones gain at few bytes."""
    models = list(dict.fromkeys(row.model for row in result.rows))
    lines = []
    for (recording, quality), rows in _by_point(result).items():
        size = next(iter(rows.values())).bytes_per_frame
        lines.append(
            [recording, str(quality), number(size, 0), *(number(rows[m].lpips_alex, 3) for m in models)]
        )
    low, high = _FEW_BYTES
    said = "; ".join(
        f"`{model}_link` {sum(found) / len(found):.0%} lower than `{model}`, "
        f"{min(found):.0%} to {max(found):.0%}"
        for model in models
        if (found := gains(result, model))
    )
    head = ("recording", "WebP quality", "bytes", *(f"`{model}` ↓" for model in models))
    return f"{table(head, lines)}\n\nLPIPS at {low:,} to {high:,} bytes a frame: {said or 'not measured'}."


def gains(result: LinkNetworksResult, model: str) -> list[float]:
    """By which part `<model>_link` has a lower LPIPS than `model`, at each point of few bytes."""
    return [
        1 - rows[f"{model}_link"].lpips_alex / rows[model].lpips_alex
        for rows in _by_point(result).values()
        if {model, f"{model}_link"} <= rows.keys()
        and _FEW_BYTES[0] <= rows[model].bytes_per_frame <= _FEW_BYTES[1]
    ]


def _by_point(result: LinkNetworksResult) -> dict[tuple[str, int], dict[str, LinkNetworkRow]]:
    """The networks at each recording and quality."""
    points: dict[tuple[str, int], dict[str, LinkNetworkRow]] = {}
    for row in result.rows:
        points.setdefault((row.recording, row.quality), {})[row.model] = row
    return points


def _goal(model: str) -> Goal[LinkNetworksResult]:
    def measured(result: LinkNetworksResult) -> float | None:
        found = gains(result, model)
        return 100 * sum(found) / len(found) if found else None

    low, high = _FEW_BYTES
    name = f"LPIPS of `{model}_link` below `{model}`, mean at {low:,} to {high:,} bytes"
    return Goal(name, "≥", 8, "%", measured, digits=1)


GOALS = tuple(_goal(model) for model in reversed(_NETWORKS))

CLAIM = Claim(
    name="link_networks",
    title="Networks that know the codec",
    about=(
        "Frames that no training saw, reduced and compressed as the onboard node does it. `photographs` are "
        "five that ship with scikit-image and those of Set5. Knowing the codec pays where it hurts. The "
        "shipped `_link` networks hold three tenths of the clean ones, which gives back what they lost on "
        "smooth pictures at high quality; that share was chosen on these recordings."
    ),
    reading="A line is a recording at a quality: LPIPS against the original, bytes as for a 640x480 frame.",
    result=LinkNetworksResult,
    table=link_networks_table,
    goals=GOALS,
)


def main() -> int:
    """Entry point."""
    parser = CLAIM.arguments(__doc__)
    parser.add_argument(
        "--recordings", nargs="+", help="videos, folders or bags; default: the demo's clip alone"
    )
    return CLAIM.run(parser, _run)


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
    CLAIM.write(given, LinkNetworksSettings(codec=_CODEC, scale=_SCALE), rows)


if __name__ == "__main__":
    sys.exit(main())
