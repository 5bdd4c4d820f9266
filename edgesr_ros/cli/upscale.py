"""`edgesr upscale`: enlarge an image, a folder of images, or a video file."""

import argparse
import sys
from contextlib import closing
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from edgesr_ros.errors import InputError
from edgesr_ros.frames.colour import three_channels
from edgesr_ros.frames.resize import enlarge_bicubic
from edgesr_ros.schema import check_writable
from edgesr_ros.sources.files import ALPHA_SUFFIXES, IMAGE_SUFFIXES, list_images, write_image
from edgesr_ros.sources.picture_file import PICTURE_SUFFIXES, PictureFile, is_animated, read_picture
from edgesr_ros.sources.skipped import Skipped
from edgesr_ros.upscaling.base import Upscaler
from edgesr_ros.upscaling.catalog import AUTO, BACKENDS, DEVICES, list_models, load_upscaler

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
    parser.add_argument(
        "--device", choices=DEVICES, default=AUTO, help="what it computes on (default: the backend's own)"
    )
    parser.add_argument("--threads", type=int, default=2, help="CPU threads (default %(default)s)")


def run(arguments: argparse.Namespace) -> None:
    """Enlarge; what comes out is of the same kind as what went in, or PNG where that cannot be written."""
    source = arguments.input.expanduser()
    if not source.exists():
        raise InputError(f"{source}: no such file or folder")
    chosen = arguments.model, arguments.backend, arguments.threads, arguments.device
    with closing(load_upscaler(*chosen)) as upscaler:
        output = (arguments.output or _default_output(source, upscaler.scale)).expanduser()
        if output.exists() and output.samefile(source):
            raise InputError(f"--output: is the input, {source}; expected another file or folder")
        if source.is_dir():
            _upscale_folder(source, output, upscaler)
        elif _is_picture(source):
            _upscale_picture(read_picture(source), source, output, upscaler)
        else:
            _upscale_video(source, output, upscaler)
        print(f"{source} → {output} ({upscaler.name} on {upscaler.backend})")


def _default_output(source: Path, scale: int) -> Path:
    source = source.resolve()
    if source.is_dir():
        return Path(f"{source.name}_x{scale}")
    name = f"{source.stem}_x{scale}"
    return Path(name + _written_suffix(source) if _is_picture(source) else f"{name}.mp4")


def _is_picture(source: Path) -> bool:
    suffix = source.suffix.lower()
    return suffix in PICTURE_SUFFIXES and not (suffix == ".gif" and is_animated(source))


def _written_suffix(source: Path) -> str:
    return source.suffix if source.suffix.lower() in IMAGE_SUFFIXES else ".png"


def _upscale_picture(read: PictureFile, source: Path, output: Path, upscaler: Upscaler) -> None:
    """Grey stays grey, transparency grows along, and what cannot be kept is said."""
    image = _enlarged(read, upscaler)
    write_image(output, image)
    if read.shown is not None:
        print(f"{source}: more than 8 bits; values {read.shown.text()} are written as 0..255 of 8 bits")
    if read.alpha is not None and output.suffix.lower() not in ALPHA_SUFFIXES:
        print(f"{source}: its transparency is left out, {output.suffix} has none")


def _enlarged(read: PictureFile, upscaler: Upscaler) -> np.ndarray:
    """(H, W, 3) RGB, (H, W) grey or (H, W, 4) RGBA, uint8."""
    image = upscaler.upscale(three_channels(read.picture))
    if read.picture.ndim == 2:  # networks add colour
        image = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    if read.alpha is None:
        return image
    return np.dstack([three_channels(image), enlarge_bicubic(read.alpha, upscaler.scale)])


def _upscale_folder(source: Path, output: Path, upscaler: Upscaler) -> None:
    """Every picture that can be read; the others are named at the end.

    Raises:
        InputError: none can be read, or one cannot be written.
    """
    paths, skipped = list_images(source, suffixes=PICTURE_SUFFIXES), Skipped("images")
    check_writable(output / paths[0].name)
    for path in tqdm(paths, unit="image", disable=None):
        try:
            read = read_picture(path)
        except InputError as error:
            skipped.add(path.name, str(error).removeprefix(f"{path}: "))
            continue
        _upscale_picture(read, path, output / path.with_suffix(_written_suffix(path)).name, upscaler)
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
