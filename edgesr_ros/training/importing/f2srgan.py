"""Checkpoints of F2SRGAN, also by quantization-aware training, of its student, and of Light F2SRGAN."""

import re

import numpy as np
from msgspec.structs import replace

from edgesr_ros.networks import Spec, find_spec
from edgesr_ros.networks.f2srgan import F2SRGANSpec
from edgesr_ros.training.importing.layout import Layout, Source, members, renamed, scale_of, shifts_of_colour
from edgesr_ros.training.importing.tensors import Shapes

_DOUBLINGS = ("upsampler.0.0.weight", "upsampler.3.0.weight")
_PAIR = ("0", "1")
_RANGES = r".*\.(x_min|x_max|beta|beta_t)"  # that quantization-aware training saw
_UNITS = {"whole": "fu", "quarters": "lfu"}
_STUDENTS_BLOCKS = ("residual1.0", "residual1.1", "residual2.0", "residual2.1")
# Their code calls the second pair of blocks three times, and the third and the fourth never.
_STUDENTS_ORDER = (0, 1, 2, 3, 2, 3, 2, 3)


def _describe(shapes: Shapes) -> Spec:
    return find_spec("f2srgan", scale_of(shapes, _DOUBLINGS))


def _describe_student(shapes: Shapes) -> Spec:
    """Light F2SRGAN is the student with fewer inner channels."""
    spec = F2SRGANSpec(
        scale=scale_of(shapes, _DOUBLINGS),
        blocks=len(_STUDENTS_BLOCKS),
        fourier=False,
        order=_STUDENTS_ORDER,
    )
    slopes = [shapes.get(f"{block}.block1.1.weight", ()) for block in _STUDENTS_BLOCKS]
    widths = tuple(max(1, shape[0]) if len(shape) == 1 else spec.features for shape in slopes)
    return replace(spec, widths=widths if set(widths) != {spec.features} else None)


def _sources(spec: Spec, shapes: Shapes) -> dict[str, Source]:
    assert isinstance(spec, F2SRGANSpec)
    modules = members("head", "initial.0", _PAIR)
    blocks = [f"residual.{number}" for number in range(spec.blocks)] if spec.fourier else _STUDENTS_BLOCKS
    units = {}
    for number, theirs in enumerate(blocks):
        ours = f"blocks.{number}.body"
        modules |= members(f"{ours}.0", f"{theirs}.block1.0", _PAIR) | {f"{ours}.1": f"{theirs}.block1.1"}
        modules |= members(f"{ours}.2", f"{theirs}.block2.0", _PAIR)
        modules |= _fourier(f"{ours}.0", f"{theirs}.block1.0")
        for unit, name in _UNITS.items():
            units[f"{ours}.0.global_to_global.{unit}.mix.weight"] = f"{theirs}.block1.0.convg2g.{name}"
    doublings = spec.scale.bit_length() - 1
    for number in range(doublings):
        modules |= members(f"up.{3 * number}", f"upsampler.{3 * number}", _PAIR)
        modules |= {f"up.{3 * number + 2}": f"upsampler.{3 * number + 2}"}
    modules |= members(f"up.{3 * doublings}", "final_conv", _PAIR)
    sources = renamed(modules, shapes)
    for name, unit in units.items():
        if name in shapes:
            after, before, *_ = shapes[name]
            sources[name] = Source(f"{unit}.complex_weight", (after, before // 2, 1, 1, 2), _mix)
    return {name: sources[name] for name in shapes}  # in the order of the network


def _fourier(ours: str, theirs: str) -> dict[str, str]:
    """The modules of a fast Fourier convolution, but for its Fourier units."""
    modules: dict[str, str] = {}
    for name, short in (("local_to_local", "l2l"), ("local_to_global", "l2g"), ("global_to_local", "g2l")):
        modules |= members(f"{ours}.{name}", f"{theirs}.conv{short}", _PAIR)
    modules |= members(f"{ours}.global_to_global.enter", f"{theirs}.convg2g.conv1.0", _PAIR)
    return modules | members(f"{ours}.global_to_global.leave", f"{theirs}.convg2g.conv2", _PAIR)


def _mix(weight: np.ndarray) -> np.ndarray:
    """The complex matrix A + iB of a Fourier unit, (out, in, 1, 1, 2) → (out, 2 · in, 1, 1), A before B.

    Their code shifts the spectrum without saying along which axes, so along that of the channels too. In
    space nothing comes of it, as each frequency is treated alike; of the channels it is undone here.
    """
    rolled = np.roll(weight, (weight.shape[0] // 2, weight.shape[1] // 2), axis=(0, 1))
    return np.concatenate((rolled[..., 0], rolled[..., 1]), axis=1)


LAYOUT = Layout(
    network="f2srgan",
    home="github.com/bibom108/F2SRGAN",
    describe=_describe,
    sources=_sources,
    unused=re.compile(_RANGES),
    constants=shifts_of_colour(),
)

STUDENT = Layout(
    network="f2srgan_student",
    home="github.com/khanhhungvu1508/Light-F2SRGAN",
    describe=_describe_student,
    sources=_sources,
    unused=re.compile(rf"residual[34]\..*|{_RANGES}"),
    constants=shifts_of_colour(),
)
