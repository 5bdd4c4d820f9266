"""doc/parameters.md: the nodes' parameters, from the structures by which the nodes declare them."""

from typing import Any

import msgspec

from benchmarks.harness.markdown import table
from edgesr_ros.defaults import defaults_of
from edgesr_ros.nodes.frame_player import FramePlayer
from edgesr_ros.nodes.ground_station import GroundStation
from edgesr_ros.nodes.link_emulator import EmulatedLink
from edgesr_ros.nodes.node import EdgesrNode
from edgesr_ros.nodes.onboard import Onboard
from edgesr_ros.nodes.operator import Operator
from edgesr_ros.nodes.parameters import properties_of
from edgesr_ros.nodes.quality_recorder import QualityRecorder

_NODES = (Onboard, GroundStation, Operator, EmulatedLink, FramePlayer, QualityRecorder)
_INTRODUCTION = """# Parameters

This page is written by `make figures` from the structures by which the nodes declare their parameters.
Defaults stand in `config/<node>.yaml`; `ros2 param describe` gives type, range and meaning of each.
*live*: may be changed while running."""

_EXECUTION_PROVIDERS = "https://onnxruntime.ai/docs/execution-providers"
_GPUS = f"""## On a GPU

`device` of `ground_station`, and `--device` of `edgesr upscale`, `bench` and `evaluate`, say what networks
compute on. Where it is named, what is missing is one line at the start, and never the CPU without a word.
With `backend: auto` and `device: auto` each that is installed is tried beside the CPU, and taken if it is the
fastest. None has been run on a GPU so far: no figure of [results.md](results.md) is from one.

| `device` | needs | what it cannot do is done by |
| --- | --- | --- |
| `cuda` | NVIDIA's driver; `onnxruntime-gpu[cuda,cudnn]` in place of `onnxruntime` | the CPU |
| `tensorrt` | the same, and the libraries of TensorRT where the linker finds them | CUDA, then the CPU |
| `openvino-gpu` | Intel's OpenCL driver; `onnxruntime-openvino` in place of `onnxruntime` | the CPU |
| `openvino-gpu` | the same driver; `openvino` and `backend: openvino` | nothing |

The order is that of onnxruntime's pages on [CUDA]({_EXECUTION_PROVIDERS}/CUDA-ExecutionProvider.html),
[TensorRT]({_EXECUTION_PROVIDERS}/TensorRT-ExecutionProvider.html) and
[OpenVINO]({_EXECUTION_PROVIDERS}/OpenVINO-ExecutionProvider.html); options of theirs stand in
`edgesr_ros/upscaling/onnx_devices.py`, with the reason. TensorRT and OpenVINO compile for each size of
frames, which can take long: bicubic steps in meanwhile. What TensorRT has made of a model file is kept in
`$XDG_CACHE_HOME/edgesr_ros/tensorrt`."""


def parameters_page() -> str:
    """The page: a table for each node, and what the parameter `device` needs."""
    sections = [f"## `{node.NAME}`\n\n{_table(node)}" for node in _NODES]
    return "\n\n".join((_INTRODUCTION, *sections, _GPUS)) + "\n"


def _table(node: type[EdgesrNode[Any]]) -> str:
    """A line for each parameter of a node."""
    rows = []
    defaults = defaults_of(node.NAME)
    for name, facts in properties_of(node.PARAMETERS).items():
        default = msgspec.json.encode(defaults[name]).decode()
        change = "fixed" if facts.get("readOnly") else "live"
        rows.append((f"`{name}`", f"`{default}`", _values(facts), facts["description"], change))
    return table(("parameter", "default", "values", "meaning", "change"), rows)


def _values(facts: dict[str, object]) -> str:
    """What a parameter may be, from its JSON Schema."""
    if isinstance(choices := facts.get("enum"), list):
        return ", ".join(f"`{choice}`" for choice in choices)
    if "minimum" in facts and "maximum" in facts:
        return f"{facts['minimum']} … {facts['maximum']}"
    if "minimum" in facts:
        return f"≥ {facts['minimum']}"
    if "exclusiveMinimum" in facts:
        return f"> {facts['exclusiveMinimum']}"
    return {"string": "text", "boolean": "`true`, `false`"}.get(str(facts["type"]), str(facts["type"]))
