"""TPSR's checkpoints."""

import re

from edgesr_ros.networks import Spec, find_spec
from edgesr_ros.training.importing.layout import Layout, Source, members, renamed, scale_of, shifts_of_colour
from edgesr_ros.training.importing.tensors import Shapes

_DOUBLINGS = ("up_mod.0.extend", "up_mod.1.extend")
_NODES = {
    "stem.0": "early_layers.Node_0_Operation_0_type_Sep2d_5x5",
    "stem.1": "early_layers.Node_1_Operation_0_type_Conv2d_7x7",
    "stem.2": "early_layers.Node_2_Operation_0_type_Conv2d_7x7",
    "main.0": "middle_main_layers.Node_4_Operation_0_type_Conv2d_3x3",
    "main.1": "middle_main_layers.Node_5_Operation_0_type_Conv2d_5x5",
    "main.2": "middle_main_layers.Node_6_Operation_0_type_Sep2d_3x3",
    "side.0": "middle_side_layers.Node_3_Operation_0_type_Conv2d_3x3",
    "side.1": "middle_side_layers.Node_7_Operation_0_type_Conv2d_5x5",
    "side.2": "middle_side_layers.Node_8_Operation_0_type_Conv2d_3x3",
    "skip": "skip_layer.Node_9_Operation_0_type_Conv2d_7x7",
}


def _describe(shapes: Shapes) -> Spec:
    return find_spec("tpsr", scale_of(shapes, [f"{name}.weight" for name in _DOUBLINGS]))


def _sources(_: Spec, shapes: Shapes) -> dict[str, Source]:
    modules = {"head": "first_layer", "merged": "merge_op_act"}
    for ours, theirs in _NODES.items():
        modules |= members(ours, f"{theirs}.model")
    modules |= {f"up.{number}.0": name for number, name in enumerate(_DOUBLINGS)}
    return renamed(modules, shapes)


LAYOUT = Layout(
    network="tpsr",
    home="github.com/royson/tpsr",
    describe=_describe,
    sources=_sources,
    unused=re.compile(""),
    constants=shifts_of_colour(),
)
