"""SwiftSRGAN's checkpoints."""

import re

from edgesr_ros.networks import Spec, find_spec
from edgesr_ros.networks.srgan import SRGANSpec
from edgesr_ros.training.importing.layout import Layout, Source, members, renamed, scale_of
from edgesr_ros.training.importing.tensors import Shapes

_DOUBLINGS = ("upsampler.0.act.weight", "upsampler.1.act.weight")
_PAIR = ("depthwise", "pointwise")


def _describe(shapes: Shapes) -> Spec:
    return find_spec("swiftsrgan", scale_of(shapes, _DOUBLINGS))


def _sources(spec: Spec, shapes: Shapes) -> dict[str, Source]:
    assert isinstance(spec, SRGANSpec)
    modules = members("head.0", "initial.cnn", _PAIR) | {"head.1": "initial.act"}
    for number in range(spec.blocks):
        ours, theirs = f"blocks.{number}.body", f"residual.{number}"
        modules |= members(f"{ours}.0", f"{theirs}.block1.cnn", _PAIR)
        modules |= {f"{ours}.1": f"{theirs}.block1.bn", f"{ours}.2": f"{theirs}.block1.act"}
        modules |= members(f"{ours}.3", f"{theirs}.block2.cnn", _PAIR)
        modules |= {f"{ours}.4": f"{theirs}.block2.bn"}
    modules |= members("trunk.0", "convblock.cnn", _PAIR) | {"trunk.1": "convblock.bn"}
    doublings = spec.scale.bit_length() - 1
    for number in range(doublings):
        modules |= members(f"up.{3 * number}", f"upsampler.{number}.conv", _PAIR)
        modules |= {f"up.{3 * number + 2}": f"upsampler.{number}.act"}
    modules |= members(f"up.{3 * doublings}", "final_conv", _PAIR)
    return renamed(modules, shapes)


LAYOUT = Layout(
    network="swiftsrgan",
    home="github.com/Koushik0901/Swift-SRGAN",
    describe=_describe,
    sources=_sources,
    # Each of their blocks has an activation; those behind which nothing is activated have one all the same.
    unused=re.compile(r"(residual\.\d+\.block2|convblock)\.act\.weight"),
)
