"""Our own EdgeSRGANs in float32 ONNX: what export folded is unfolded, exactly."""

import math
import re
from itertools import takewhile
from pathlib import Path

import numpy as np
from msgspec import UNSET

from edgesr_ros.errors import InputError
from edgesr_ros.networks import Network, Spec
from edgesr_ros.networks.edgesrgan import SCALES, UPSAMPLING, EdgeSRGANSpec
from edgesr_ros.networks.fold import COLOURS
from edgesr_ros.training.importing.layout import Layout, Source
from edgesr_ros.training.importing.tensors import Shapes, Tensors

_PREFIX = "network."  # what export puts before our names
_FIRST, _LAST = f"{_PREFIX}first", f"{_PREFIX}last"  # what was folded
_USUAL = EdgeSRGANSpec()


def _describe(shapes: Shapes) -> Spec:
    def channels(name: str, usual: int) -> int:
        shape = shapes.get(f"{_PREFIX}{name}.bias", ())
        return max(1, shape[0]) if len(shape) == 1 else usual

    features = channels("head.0", _USUAL.features)
    inner = [f"blocks.{number}.body.0" for number in range(len(shapes))]
    present = list(takewhile(lambda name: f"{_PREFIX}{name}.weight" in shapes, inner))
    widths = tuple(channels(name, features) for name in present)
    scale = math.isqrt(channels("last", 0) // COLOURS)
    scale = scale if scale in SCALES else _USUAL.scale
    groups = UPSAMPLING[scale][0] ** 2
    up = max(1, channels("first", groups * features) // groups)
    return EdgeSRGANSpec(
        scale=scale,
        blocks=max(1, len(widths)),
        features=features,
        widths=widths if set(widths) - {features} else None,
        up_features=up if up != features else UNSET,
    )


def _sources(spec: Spec, shapes: Shapes) -> dict[str, Source]:
    """As `FoldedEdgeSRGAN`, backwards."""
    _, middle, outer, _ = shapes["up.0.weight"]
    inner = shapes["up.2.weight"][2]
    blocks, samples = outer**2, spec.scale**2 * COLOURS

    def first(weight: np.ndarray) -> np.ndarray:
        return weight.reshape(outer, outer, middle, -1).transpose(3, 2, 0, 1)

    def last(weight: np.ndarray) -> np.ndarray:
        dense = weight.reshape(outer, inner, outer, inner * COLOURS, outer, outer, middle)
        return dense[0, :, 0, :, 0, 0].reshape(inner, inner, COLOURS, middle).transpose(3, 2, 0, 1) / 2

    folded = {
        "up.0.weight": Source(f"{_FIRST}.weight", (blocks * middle, shapes["up.0.weight"][0], 1, 1), first),
        "up.0.bias": Source(f"{_FIRST}.bias", (blocks * middle,), lambda bias: bias[:middle]),
        "up.2.weight": Source(f"{_LAST}.weight", (samples, blocks * middle, 1, 1), last),
        "up.2.bias": Source(f"{_LAST}.bias", (samples,), lambda bias: bias[:COLOURS] / 2),
    }
    return {name: folded.get(name, Source(f"{_PREFIX}{name}", shape)) for name, shape in shapes.items()}


def check(path: Path, network: Network, tensors: Tensors) -> None:
    """See that a network unfolded from a file folds to that file's very numbers.

    Raises:
        InputError: the file has numbers where export leaves none, or others where it repeats some.
    """
    for name, value in network.fold().state_dict().items():
        if not np.array_equal(value.numpy(), tensors.read(f"{_PREFIX}{name}")):
            raise InputError(f"{path}: {_PREFIX}{name} is not what export makes of any {LAYOUT.network}")


LAYOUT = Layout(
    network="edgesrgan",
    home="edgesr_ros",
    describe=_describe,
    sources=_sources,
    unused=re.compile(""),
)
