"""`edgesr demo`: the whole chain on a recording, over a bad link, judged against the originals."""

import argparse
import os
import signal
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from tqdm import tqdm

from edgesr_ros.ends.camera_names import names_of
from edgesr_ros.errors import InputError
from edgesr_ros.ladder.settings import SCALES
from edgesr_ros.link.profile import read_profile
from edgesr_ros.live.processes import Processes, chain_environment
from edgesr_ros.quality.record import FRAMES, REPORT, STRIP, SUMMARY, read_progress, read_rows
from edgesr_ros.quality.summary import Summary, read_summary
from edgesr_ros.schema import check_writable
from edgesr_ros.sources.clip import default_clip
from edgesr_ros.sources.opening import open_source
from edgesr_ros.upscaling.catalog import load_upscaler

HELP = "run the whole chain on a recording over a bad link, and report what came through"

_START_TIMEOUT = 30.0  # seconds until the first picture must have been shown
_DIAGNOSTICS_PERIOD = 1.0  # seconds: the last counts come so long after the last frame, at most
_MEASURING = 60.0  # seconds that measuring may take at the end
_POLL_PERIOD = 0.5  # seconds
_BAR = "{desc}{n:.0f} s {bar} {postfix}"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "--input",
        action="append",
        help="video, image folder or rosbag; default: a clip that ships with a package. Given several times: "
        "as many cameras over the one link, of which each has a folder in --output",
    )
    parser.add_argument("--topic", default="", help="image topic of a bag (default: its best)")
    parser.add_argument("--link", default="demo", help="name of a link profile, or path of a YAML file")
    parser.add_argument("--model", default="edgesrgan_tiny_x4_link", help="name or path of a model")
    parser.add_argument(
        "--interpolation", type=float, default=0.0, help="from texture (0, default) to pixel fidelity (1)"
    )
    parser.add_argument(
        "--seconds", type=float, default=30.0, help="how long; 0: the input once (default 30)"
    )
    parser.add_argument("--rate", type=float, default=0.0, help="frames per second; 0: the recording's own")
    parser.add_argument("--output", type=Path, default=Path("demo_output"), help="folder for what is found")


def run(arguments: argparse.Namespace) -> int:
    """Run the demo; Ctrl-C ends it early, with the report of what there was."""
    sources = arguments.input or [str(default_clip())]
    cameras = [_Camera("", source) for source in sources]
    if len(sources) > 1:
        cameras = [_Camera(f"camera{number}", source) for number, source in enumerate(sources, 1)]
    names_of(",".join(camera.name for camera in cameras))
    # The user's mistakes come to light here, in one line, and not in five log files.
    descriptions = [_describe(source, arguments.topic) for source in sources]
    read_profile(arguments.link)
    upscaler = load_upscaler(arguments.model)
    upscaler.close()
    output = arguments.output.expanduser()
    check_writable(output / SUMMARY)
    print(f"{', '.join(descriptions)}  →  link {arguments.link}  →  {upscaler.name}")
    for number in (signal.SIGINT, signal.SIGTERM):  # ended from outside: clean up as for Ctrl-C
        signal.signal(number, signal.default_int_handler)  # a shell's `&` has SIGINT ignored
    environment = chain_environment()
    # A domain of our own, unless the user chose one: a demo must not talk to robots on the network.
    environment.setdefault("ROS_DOMAIN_ID", str(1 + os.getpid() % 100))
    with Processes(output / "logs", environment) as processes:
        try:
            interrupted = _run_chain(processes, arguments, upscaler.scale, cameras, output)
        except InputError as error:
            files = [camera.folder(output) / FRAMES for camera in cameras]
            kept = {file: len(read_rows(file)) for file in files if file.is_file()}
            if not any(kept.values()):
                raise
            where = ", ".join(map(str, kept))
            raise InputError(f"{error}; {sum(kept.values())} pictures are kept in {where}") from None
        for warning in (text for camera in cameras for text in processes.warnings(camera.player)):
            print(warning)
    summaries = [read_summary(camera.folder(output) / SUMMARY) for camera in cameras]
    if len(cameras) > 1:
        print("frames sent and dropped are of all cameras, all else is of each")
    for camera, summary in zip(cameras, summaries, strict=True):
        _print_summary(summary, camera.folder(output))
    if interrupted:
        return 130
    return 0 if all(summary.frames_shown for summary in summaries) else 1


class _Camera(NamedTuple):
    """A recording that is played as a camera; one alone has no name."""

    name: str
    source: str

    @property
    def player(self) -> str:
        return f"frame_player_{self.name}" if self.name else "frame_player"

    @property
    def recorder(self) -> str:
        return f"quality_recorder_{self.name}" if self.name else "quality_recorder"

    def below(self, namespace: str) -> str:
        return f"{namespace}/{self.name}" if self.name else namespace

    def folder(self, output: Path) -> Path:
        return output / self.name


def _describe(source: str, topic: str) -> str:
    opened = open_source(source, topic)
    opened.close()
    return opened.description


def _run_chain(
    processes: Processes,
    arguments: argparse.Namespace,
    scale: int,
    cameras: Sequence[_Camera],
    output: Path,
) -> bool:
    """Start the nodes, wait, stop them in order; whether it was interrupted."""
    names = ",".join(camera.name for camera in cameras)
    named = {"cameras": names} if names else {}  # ROS has no way to say an empty text on the command line
    for camera in cameras:
        # Of an earlier run: it must not pass for progress of this one.
        (camera.folder(output) / FRAMES).unlink(missing_ok=True)
        recorder = {
            "output": camera.folder(output).resolve(),
            "source": Path(camera.source).name,
            "link": Path(arguments.link).stem,
            "patience": _MEASURING,
        }
        original = {"image_raw": camera.below("/robot") + "/image_raw"}
        processes.start("quality_recorder", camera.below("/ground"), recorder, original, name=camera.recorder)
    # No overlay: its letters would count as errors of the super-resolution.
    station = {"model": arguments.model, "interpolation": arguments.interpolation, "overlay": False}
    processes.start("ground_station", "/ground", station | named)
    processes.start("link_emulator", "/", {"profile": arguments.link} | named)
    # A model for a reduction that no ladder has gets frames of that one alone.
    alone = {} if scale in SCALES else {"ladder": "none", "scale": scale}
    processes.start("onboard", "/robot", alone | named)
    topic = {"topic": arguments.topic} if arguments.topic else {}
    for camera in cameras:
        player = {"source": camera.source, "rate": arguments.rate, "loop": arguments.seconds > 0}
        processes.start("frame_player", camera.below("/robot"), player | topic, name=camera.player)
    interrupted = False
    try:
        _watch(processes, arguments.seconds, cameras, output)
        processes.stop(*(camera.player for camera in cameras))
        time.sleep(2 * _DIAGNOSTICS_PERIOD)
    except KeyboardInterrupt:
        interrupted = True
    recorders = [camera.recorder for camera in cameras]
    processes.stop(*(camera.player for camera in cameras), "onboard", "link_emulator", "ground_station")
    print("measuring the pictures and writing the report …")
    processes.stop(*recorders, patience=2 * _MEASURING)
    processes.check()
    return interrupted


def _watch(processes: Processes, seconds: float, cameras: Sequence[_Camera], output: Path) -> None:
    """Show progress until the time is over, or, with 0 seconds, until the input is.

    Raises:
        InputError: a node failed, or no picture was shown in time.
    """
    files = [camera.folder(output) / FRAMES for camera in cameras]
    started = time.monotonic()
    first_shown: float | None = None
    with tqdm(total=seconds or None, unit="s", bar_format=_BAR) as bar:
        while not all(processes.ended(camera.player) for camera in cameras):
            time.sleep(_POLL_PERIOD)
            now = time.monotonic()
            progress = [read_progress(file) for file in files]
            shown, newest = sum(shown for shown, _ in progress), progress[0][1]
            if newest is not None and first_shown is None:
                first_shown = now
            if first_shown is None or newest is None:
                if now - started > _START_TIMEOUT:
                    raise InputError(f"no picture was shown within {_START_TIMEOUT:.0f} s; see the logs")
                continue
            bar.n = min(now - first_shown, seconds) if seconds else now - first_shown
            age = "of unknown age" if newest.age_ms is None else f"{newest.age_ms:.0f} ms old"
            bar.set_postfix_str(f"{shown} pictures, the last {age}")
            if seconds and now - first_shown >= seconds:
                return


def _print_summary(summary: Summary, output: Path) -> None:
    quality = summary.quality

    def number(value: float | None, digits: int = 1) -> str:
        return "–" if value is None else f"{value:.{digits}f}"

    print(
        f"{summary.frames_sent} frames sent, {summary.frames_shown} shown, "
        f"{number(summary.fps_shown)} per second, "
        f"age p50 {number(summary.age_ms.p50)} ms, p95 {number(summary.age_ms.p95)} ms\n"
        f"{number(summary.bytes_per_frame, 0)} bytes a frame, {number(summary.link_kbps)} kbit/s, "
        f"dropped: {', '.join(f'{n} {reason}' for reason, n in summary.dropped.items()) or 'none'}\n"
        f"{'':16}PSNR dB    SSIM   LPIPS  ({quality.measured_frames} pictures measured)"
    )
    for name, scores in (("super-resolved", quality.sr), ("bicubic", quality.bicubic)):
        print(
            f"{name:16}{number(scores.psnr_db, 2):>7}{number(scores.ssim, 3):>8}{number(scores.lpips, 3):>8}"
        )
    for name in (REPORT, STRIP, SUMMARY, FRAMES):
        if (output / name).exists():
            print(output / name)
