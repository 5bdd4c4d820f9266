"""`edgesr ladder`: measure what frames cost and how they look at each setting, and keep the best settings."""

import argparse
from collections.abc import Iterable, Iterator
from pathlib import Path

from edgesr_ros.codecs.format import STREAMS, EncoderName
from edgesr_ros.codecs.streams import STREAM_CODECS
from edgesr_ros.errors import InputError
from edgesr_ros.ladder.measure import (
    Figures,
    PointMeter,
    Setting,
    first_frames,
    means,
    spread_frames,
    still_codec,
)
from edgesr_ros.ladder.points import Ladder, OperatingPoint, hull
from edgesr_ros.ladder.settings import QUALITIES, names_of, networks_of
from edgesr_ros.schema import check_writable, write_json
from edgesr_ros.sources.frame_source import FrameSource
from edgesr_ros.sources.opening import open_source

HELP = "measure settings of codecs on recordings, and write the ladder that the onboard node walks along"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "--input",
        nargs="+",
        required=True,
        metavar="SOURCE",
        help="image folder, video or rosbag; for h264 and av1 recordings in motion, 60 frames or more",
    )
    parser.add_argument(
        "--codec",
        nargs="+",
        choices=tuple(QUALITIES),
        required=True,
        help="one or more; h264 or av1 only alone",
    )
    parser.add_argument("--output", type=Path, required=True, metavar="FILE", help="JSON to write")
    parser.add_argument("--frames", type=int, default=4, help="compared of each source (default: 4)")
    parser.add_argument(
        "--network",
        default="edgesrgan_tiny",
        help="family that enlarges: <network>_x<scale>_link, else <network>_x<scale>, else bicubic",
    )
    parser.add_argument("--threads", type=int, default=2, help="CPU threads (default: 2)")


def run(arguments: argparse.Namespace) -> None:
    """Print each source as it is done, then the hull; write the ladder.

    Raises:
        InputError: a source cannot be read or is too short, or the file cannot be written.
    """
    if arguments.frames < 1:
        raise InputError(f"--frames is {arguments.frames}, expected at least 1")
    codecs: list[EncoderName] = arguments.codec
    if len(codecs) > 1 and (streams := [codec for codec in codecs if codec in STREAMS]):
        name = streams[0]
        raise InputError(
            f"--codec is {name} and others, expected {name} alone: its frames do not stand alone"
        )
    sources = [open_source(text) for text in arguments.input]
    check_writable(arguments.output)
    networks = networks_of(arguments.network, arguments.threads)
    meter = PointMeter(networks, arguments.threads)
    measured = tuple(
        _point(codec, setting, figures)
        for codec in codecs
        for setting, figures in sorted(means(_measure(meter, codec, sources, arguments.frames)).items())
    )
    ladder = Ladder(
        points=hull(measured),
        measured=measured,
        networks=names_of(networks),
        sources=tuple(source.description for source in sources),
    )
    write_json(arguments.output, ladder)
    print(f"{'codec':9}  {'scale':>5}  {'quality':>7}  {'bytes/640x480':>13}  {'LPIPS':>6}  {'PSNR dB':>7}")
    for point in ladder.points:
        figures_text = f"{point.bytes:13.0f}  {point.lpips:6.4f}  {point.psnr_db:7.2f}"
        print(f"{point.codec:9}  {point.scale:5}  {point.quality:7}  {figures_text}")


def _measure(
    meter: PointMeter, codec: EncoderName, sources: Iterable[FrameSource], count: int
) -> Iterator[tuple[Setting, Figures]]:
    for source in sources:
        if codec in STREAMS:
            yield from meter.stream(STREAM_CODECS[codec], QUALITIES[codec], first_frames(source), count)
        else:
            yield from meter.stills(still_codec(codec), QUALITIES[codec], spread_frames(source, count))
        print("\n".join([f"measured: {codec}, {source.description}", *source.notes()]), flush=True)


def _point(codec: EncoderName, setting: Setting, figures: Figures) -> OperatingPoint:
    return OperatingPoint(
        codec=codec,
        scale=setting.scale,
        quality=setting.quality,
        bytes=round(figures.bytes, 1),
        lpips=round(figures.lpips, 4),
        psnr_db=round(figures.psnr_db, 2),
    )
