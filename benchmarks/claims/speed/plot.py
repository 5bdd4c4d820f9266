"""The plot of doc/results.md: how good the pictures are, over how many of them there are in a second."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, NamedTuple

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter

from benchmarks.claims.quality.claim import CLAIM as QUALITY
from benchmarks.claims.quality.claim import QualityResult, QualityRow
from benchmarks.claims.speed.claim import CLAIM as SPEED
from benchmarks.claims.speed.claim import SpeedResult
from benchmarks.harness.evidence import RESULTS
from edgesr_ros.schema import write_text

PLOT = Path(__file__).resolve().parents[3] / "doc" / "speed.svg"

_INPUT = "80x60"
_SCALE = 4
_FORMATS = {"onnxruntime": "onnx", "openvino": "onnx", "litert": "tflite", "bicubic": None}
_NAMES = {"edgesrgan_x4": "EdgeSRGAN", "edgesrgan_tiny_x4": "tiny", "bicubic_x4": "bicubic"}
# What is not computed as its name says, and whose quality is another one or the same twice.
_LEFT_OUT = (("litert", "float16"), ("openvino", "float32"))
# Which of what was measured is as fast as a network with a published figure.
_SAME_NETWORK = {
    "EdgeSRGAN": "edgesrgan_x4",
    "EdgeSRGAN-tiny": "edgesrgan_tiny_x4",
    "EdgeSRGAN-tiny, distilled": "edgesrgan_tiny_x4",
    "EdgeSRGAN, int8": "edgesrgan_x4_int8",
    "EdgeSRGAN-tiny, distilled, int8": "edgesrgan_tiny_x4_int8",
    "SRGAN": "srgan",
    "TPSR-D2": "tpsr",
    "TPSR-NOGAN": "tpsr",
}
Kind = Literal[
    "ours, onnxruntime", "ours, OpenVINO", "ours, LiteRT", "published figures, speed here", "bicubic"
]
_KINDS: dict[str, Kind] = {
    "onnxruntime": "ours, onnxruntime",
    "openvino": "ours, OpenVINO",
    "litert": "ours, LiteRT",
    "bicubic": "bicubic",
}
_MARKERS = {
    "ours, onnxruntime": {"marker": "o", "color": "#0969da"},
    "ours, OpenVINO": {"marker": "v", "color": "#8250df"},
    "ours, LiteRT": {"marker": "D", "color": "#1a7f37"},
    "published figures, speed here": {"marker": "s", "color": "#9a6700", "markerfacecolor": "none"},
    "bicubic": {"marker": "^", "color": "#57606a"},
}
# Where the labels stand: offset in points, and what of the text is there. Ours on other backends have none:
# they lie beside those of onnxruntime.
_PLACES = {"above": ((0, 7), "center"), "below": ((0, -15), "center"), "right": ((7, -3), "left")}
_PLACE_OF_KIND: dict[Kind, str] = {
    "ours, onnxruntime": "above",
    "published figures, speed here": "right",
    "bicubic": "above",
}
_OTHER_PLACES: dict[tuple[str, Kind], str] = {  # where points lie close together
    ("EdgeSRGAN", "ours, onnxruntime"): "below",
    ("EdgeSRGAN", "published figures, speed here"): "above",
    ("TPSR-D2", "published figures, speed here"): "below",
}
_STYLE = {"svg.fonttype": "none", "svg.hashsalt": "speed", "font.size": 9, "font.family": "sans-serif"}
_SIZE = (7.6, 4.4)  # inches of 72 units
_ROOM = 3.0  # on the right of the fastest, as a factor: for its label


class Point(NamedTuple):
    """A network in the plot."""

    label: str
    fps: float
    lpips: float
    kind: Kind


def points(speed: SpeedResult, quality: QualityResult) -> list[Point]:
    """What has both figures: ours, bicubic, and others whose LPIPS was published."""
    return [*_ours(speed, quality), *_published(speed, quality)]


def _ours(speed: SpeedResult, quality: QualityResult) -> Iterator[Point]:
    measured: dict[tuple[str, str | None], QualityRow] = {
        (row.model, row.format): row for row in quality.rows.models if not row.published
    }
    for row in speed.rows.contenders:
        left_out = (row.backend, row.precision) in _LEFT_OUT
        if row.input != _INPUT or row.backend not in _FORMATS or left_out:
            continue
        found = measured.get((row.model, _FORMATS[row.backend]))
        if found and found.lpips_alex is not None:
            name = _NAMES.get(row.model.removesuffix("_int8"), row.model)
            label = f"{name} int8" if row.precision == "int8" else name
            yield Point(label, row.fps, found.lpips_alex, _KINDS[row.backend])


def _published(speed: SpeedResult, quality: QualityResult) -> Iterator[Point]:
    fps = {
        row.model: row.fps
        for row in speed.rows.contenders
        if (row.input, row.backend) == (_INPUT, "onnxruntime")
    }
    for row in quality.rows.models:
        network = _SAME_NETWORK.get(row.model)
        if row.published and network in fps and row.lpips_alex is not None:
            yield Point(row.model, fps[network], row.lpips_alex, "published figures, speed here")


def draw(found: list[Point], threads: int) -> str:
    """The plot as SVG; on white, so that it can be read on any page."""
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=_SIZE, layout="constrained", facecolor="white")
        axes = figure.add_subplot()
        for kind, marker in _MARKERS.items():
            chosen = [point for point in found if point.kind == kind]
            if not chosen:
                continue
            x, y = [point.fps for point in chosen], [point.lpips for point in chosen]
            axes.plot(x, y, linestyle="none", markersize=7, label=kind, **marker)
            for point in chosen:
                _label(axes, point, marker["color"])
        _axes(axes, threads)
        text = io.StringIO()
        figure.savefig(text, format="svg", metadata={"Date": None})
    return text.getvalue()


def _label(axes: Axes, point: Point, colour: str) -> None:
    place = _OTHER_PLACES.get((point.label, point.kind)) or _PLACE_OF_KIND.get(point.kind)
    if place:
        offset, alignment = _PLACES[place]
        axes.annotate(
            point.label,
            (point.fps, point.lpips),
            xytext=offset,
            textcoords="offset points",
            ha=alignment,
            fontsize=8,
            color=colour,
        )


def _axes(axes: Axes, threads: int) -> None:
    width, height = (_SCALE * int(side) for side in _INPUT.split("x"))
    axes.set_xscale("log")
    axes.margins(x=0.12, y=0.1)
    axes.set_xlim(right=_ROOM * axes.dataLim.xmax)
    axes.invert_yaxis()
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel(f"frames per second, {_INPUT} to {width}x{height}, {threads} threads →")
    axes.set_ylabel("LPIPS on Set5, better →")
    axes.grid(color="#d0d7de", linewidth=0.6)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.legend(loc="lower left", frameon=False)


def write_plot(path: Path, results: Path = RESULTS) -> None:
    """Draw the results.

    Raises:
        InputError: a file of results is missing or is none of ours.
    """
    speed = SPEED.read(results)
    write_text(path, draw(points(speed, QUALITY.read(results)), speed.settings.threads))
