"""The picture of the README: two moments of the demo's clip, from the camera to the operator."""

import argparse
import sys
from itertools import islice
from pathlib import Path

import numpy as np

from edgesr_ros.codecs.stills import decode, encode
from edgesr_ros.defaults import default_model
from edgesr_ros.errors import InputError
from edgesr_ros.frames.reduce import reduce_frame
from edgesr_ros.quality.strip import picture_strip, stack_strips
from edgesr_ros.sources.clip import default_clip
from edgesr_ros.sources.files import write_image
from edgesr_ros.sources.opening import open_source
from edgesr_ros.upscaling.catalog import load_upscaler
from edgesr_ros.upscaling.restore import enlarge_by, restore

_MOMENTS = (60, 150)  # frames of the clip
_CODEC, _QUALITY = "webp", 70  # as config/onboard.yaml


def main() -> int:
    """Write the strip; status 2 where there is no clip."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=Path(__file__).parents[2] / "doc" / "strip.jpg")
    output = parser.parse_args().output
    try:
        clip = default_clip()
    except InputError as error:
        print(f"benchmarks.documents.picture: {error}", file=sys.stderr)
        return 2
    frames = [frame.array for frame in islice(open_source(clip), max(_MOMENTS) + 1)]
    write_image(output, stack_strips([_strip(frames[number]) for number in _MOMENTS]))
    print(output)
    return 0


def _strip(original: np.ndarray) -> np.ndarray:
    upscaler = load_upscaler(default_model())
    height, width = original.shape[:2]
    data = encode(reduce_frame(original, upscaler.scale), _CODEC, _QUALITY)
    received = decode(data)
    plain = restore(received, (width, height)).picture
    shown = restore(received, (width, height), enlarge_by({upscaler.scale: upscaler})).picture
    caption = f"{width}x{height} sent as {len(data)} bytes"
    return picture_strip(original, received, plain, shown, caption, "super-resolved")


if __name__ == "__main__":
    sys.exit(main())
