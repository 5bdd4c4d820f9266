"""`edgesr upscale`: enlarge an image, a folder of images, or a video file."""

import argparse
import sys
from contextlib import closing
from pathlib import Path

from tqdm import tqdm

from edgesr_ros.errors import InputError
from edgesr_ros.schema import check_writable
from edgesr_ros.sources.files import IMAGE_SUFFIXES, list_images, read_image, write_image
from edgesr_ros.sources.skipped import Skipped
from edgesr_ros.upscaling.base import Upscaler
from edgesr_ros.upscaling.catalog import BACKENDS, list_models, load_upscaler

HELP = "enlarge an image, a folder of images or a video"

_DEFAULT_MODEL = "edgesrgan_tiny_x4"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("input", type=Path, help="image, folder of images, or video file")
    parser.add_argument(
        "--output", type=Path, help="file or folder to write; default: <input's name>_x<scale> in this folder"
    )
    parser.add_argument(
        "--model",
        default=_DEFAULT_MODEL,
        help=f"one of {', '.join(list_models())}, or the path of a model (default %(default)s)",
    )
    parser.add_argument("--backend", choices=BACKENDS, help="what runs it (default: by the model's format)")
    parser.add_argument("--threads", type=int, default=2, help="CPU threads (default %(default)s)")


def run(arguments: argparse.Namespace) -> None:
    """Enlarge; what comes out is of the same kind as what went in."""
    source = arguments.input.expanduser()
    if not source.exists():
        raise InputError(f"{source}: no such file or folder")
    with closing(load_upscaler(arguments.model, arguments.backend, arguments.threads)) as upscaler:
        output = (arguments.output or _default_output(source, upscaler.scale)).expanduser()
        if output.exists() and output.samefile(source):
            raise InputError(f"--output: is the input, {source}; expected another file or folder")
        if source.is_dir():
            _upscale_folder(source, output, upscaler)
        elif source.suffix.lower() in IMAGE_SUFFIXES:
            write_image(output, upscaler.upscale(read_image(source)))
        else:
            _upscale_video(source, output, upscaler)
        print(f"{source} → {output} ({upscaler.name} on {upscaler.backend})")


def _default_output(source: Path, scale: int) -> Path:
    source = source.resolve()
    if source.is_dir():
        return Path(f"{source.name}_x{scale}")
    suffix = source.suffix if source.suffix.lower() in IMAGE_SUFFIXES else ".mp4"
    return Path(f"{source.stem}_x{scale}{suffix}")


def _upscale_folder(source: Path, output: Path, upscaler: Upscaler) -> None:
    """Every image that can be read; the others are named at the end.

    Raises:
        InputError: none can be read, or one cannot be written.
    """
    paths, skipped = list_images(source), Skipped("images")
    check_writable(output / paths[0].name)
    for path in tqdm(paths, unit="image", disable=None):
        try:
            picture = read_image(path)
        except InputError as error:
            skipped.add(path.name, str(error).removeprefix(f"{path}: "))
            continue
        write_image(output / path.name, upscaler.upscale(picture))
    if skipped.count == len(paths):
        raise InputError(f"{source}: {skipped.text(len(paths))}")
    if skipped.count:
        print(skipped.text(len(paths)), file=sys.stderr)


def _upscale_video(source: Path, output: Path, upscaler: Upscaler) -> None:
    """Every picture at its own time; sound is left out."""
    from edgesr_ros.sources.video import VideoSource
    from edgesr_ros.sources.video_writer import VideoWriter

    video_in = VideoSource(source)
    frames = iter(video_in)
    first = next(frames)
    picture = upscaler.upscale(first.array)
    with VideoWriter(output, picture.shape[1], picture.shape[0], video_in.rate_hz) as video:
        video.write(picture, first.stamp_ns)
        for frame in tqdm(frames, initial=1, unit="frame", disable=None):
            video.write(upscaler.upscale(frame.array), frame.stamp_ns)
