"""Plots as SVG text for a page: coloured by its style sheet, so that light and dark both work."""

import io
import re
from collections.abc import Callable, Sequence
from html import escape
from typing import Literal, NamedTuple, get_args

import matplotlib as mpl
import numpy as np
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter, SymmetricalLogLocator

# matplotlib wants colours, not CSS: these stand in for what the page decides and are replaced in the SVG.
_VARIABLES = ("grid", "limit", "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth")
_STAND_INS = {
    "text": ("#000001", "currentColor"),
    **{name: (f"#0000{number:02}", f"var(--{name})") for number, name in enumerate(_VARIABLES, start=2)},
}
_STYLE = {
    "svg.fonttype": "none",  # text stays text, in the page's font
    "font.size": 10,
}
_METADATA = ("Creator", "Date", "Format", "Type")  # that matplotlib would write about itself
_SIZE = (4.9, 2.7)  # inches of 72 units: as wide as a phone, so that letters keep their size there
_LOG_RATIO = 30  # a plot goes logarithmic when its values spread over more than this
_MARGIN = 1.15  # of a logarithmic axis, to both sides of the values
_DECADES_ALONE = 1000  # where the values spread over more, 2 and 5 between decades are too many
_MOST_DECADES = 8  # of an axis with a 0; without, matplotlib counts them itself
_LEAST_SPAN = 6  # of an axis that does not start at 0 (dB): noise must not look like events

Colour = Literal["limit", "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth"]
COLOURS: tuple[Colour, ...] = get_args(Colour)[1:]  # for lines, the most striking first


class Plot(NamedTuple):
    """A plot and what it shows, as pages take it."""

    title: str
    note: str
    svg: Markup


class Line(NamedTuple):
    """One line of a plot."""

    label: str
    x: np.ndarray  # (N,); of steps the N + 1 edges
    y: np.ndarray  # (N,), NaN: gap
    colour: Colour
    style: Literal["steps", "samples", "points"]  # points: samples with no line between them


def time_plot(
    name: str, lines: Sequence[Line], duration_s: float, unit: str, from_zero: bool, legend: bool = True
) -> str:
    """An `<svg>` element over 0..duration_s.

    Args:
        name: what it shows, for screen readers; unique in the page, which keeps the element ids apart.
        unit: of the y axis.
        from_zero: the axis starts at 0, or is logarithmic where the values spread widely.
        legend: above the lines, where there are several.
    """

    def along(axes: Axes) -> None:
        axes.set_xlim(0, duration_s)
        axes.set_xlabel("time, s")

    return _plot(name, lines, along, unit, from_zero, legend and len(lines) > 1)


def curve_plot(name: str, lines: Sequence[Line], quantity: str, unit: str, from_zero: bool = True) -> str:
    """An `<svg>` element over a quantity of 0 or more, logarithmic; without a legend.

    Args:
        name: as of `time_plot`.
        quantity: of the x axis, with its unit.
        unit: of the y axis.
        from_zero: as of `time_plot`.
    """

    def along(axes: Axes) -> None:
        axes.set_xlabel(quantity)
        x = np.concatenate([line.x for line in lines])
        if (x > 0).any():
            _logarithmic(axes, "x", x, _MARGIN)
            axes.xaxis.set_minor_formatter(NullFormatter())
        else:
            axes.set_xlim(0, 1)

    return _plot(name, lines, along, unit, from_zero, legend=False)


def scatter_plot(name: str, lines: Sequence[Line], quantity: str, unit: str, least_span: float) -> str:
    """An `<svg>` element over a quantity, neither of which need begin at 0; with a legend.

    Args:
        name: as of `time_plot`.
        quantity: of the x axis, with its unit.
        unit: of the y axis.
        least_span: of the y axis, so that noise does not look like events.
    """

    def along(axes: Axes) -> None:
        axes.set_xlabel(quantity)
        axes.xaxis.set_major_formatter(_plain)

    return _plot(name, lines, along, unit, from_zero=False, legend=len(lines) > 1, least_span=least_span)


def _plot(
    name: str,
    lines: Sequence[Line],
    along: Callable[[Axes], None],
    unit: str,
    from_zero: bool,
    legend: bool,
    least_span: float = _LEAST_SPAN,
) -> str:
    with mpl.rc_context({**_STYLE, "svg.hashsalt": name}):
        figure = Figure(figsize=_SIZE, layout="constrained")
        axes = figure.add_subplot()
        for line in lines:
            _draw(axes, line)
        along(axes)
        axes.set_ylabel(unit, labelpad=8)  # page fonts may be wider than matplotlib thinks
        _scale(axes, np.concatenate([line.y for line in lines]), from_zero, least_span)
        _colour(axes)
        if legend:
            axes.legend(
                loc="lower left",
                bbox_to_anchor=(0, 1),  # above the plot, where no line runs
                ncols=len(lines),
                frameon=False,
                labelcolor=_STAND_INS["text"][0],
            )
        text = io.StringIO()
        figure.savefig(text, format="svg", transparent=True, metadata=dict.fromkeys(_METADATA))
    return _for_page(text.getvalue(), name)


def _draw(axes: Axes, line: Line) -> None:
    colour, _ = _STAND_INS[line.colour]
    if line.style == "steps":
        dashes = "--" if line.colour == "limit" else "-"
        axes.stairs(
            line.y, line.x, baseline=None, color=colour, label=line.label, linewidth=1.6, linestyle=dashes
        )
    else:
        # Not clipped: a sample may lie on the border, and may be the only one.
        axes.plot(
            line.x,
            line.y,
            "." if line.style == "points" else ".-",
            color=colour,
            label=line.label,
            linewidth=1.0,
            markersize=5,
            clip_on=False,
            in_layout=False,
        )


def _scale(axes: Axes, values: np.ndarray, from_zero: bool, least_span: float) -> None:
    values = values[np.isfinite(values)]
    above = values[values > 0]
    if not from_zero:
        low, high = axes.get_ylim()
        margin = max(0.0, least_span - (high - low)) / 2
        axes.set_ylim(low - margin, high + margin)
    elif above.size and values.min() >= 0 and above.max() > _LOG_RATIO * above.min():
        _logarithmic(axes, "y", values, 2)
    else:
        axes.set_ylim(min([0.0, *values]), 1.1 * above.max() if above.size else 1.0)


def _logarithmic(axes: Axes, along: Literal["x", "y"], values: np.ndarray, margin: float) -> None:
    """From the least of the finite `values` to the greatest, of which one at least is above 0.

    Where there is a 0, which has no logarithm and would lie far outside the figure, the axis is linear from
    there to the first power of ten.
    """
    axis, set_scale, set_limits = {
        "x": (axes.xaxis, axes.set_xscale, axes.set_xlim),
        "y": (axes.yaxis, axes.set_yscale, axes.set_ylim),
    }[along]
    least, greatest = values[values > 0].min(), values.max()
    steps = (1, 2, 5) if along == "x" and greatest < _DECADES_ALONE * least else (1,)
    if values.min() > 0:
        set_scale("log")
        set_limits(least / margin, greatest * margin)
        axis.set_major_locator(LogLocator(subs=steps))
    else:
        decade = 10 ** np.floor(np.log10(least))
        set_scale("symlog", linthresh=decade, linscale=0.5)
        set_limits(0, greatest * margin)
        locator = SymmetricalLogLocator(base=10, linthresh=decade, subs=steps)
        locator.set_params(numticks=_MOST_DECADES)
        axis.set_major_locator(locator)
    axis.set_major_formatter(_plain)


def _plain(value: float, _: int) -> str:
    return f"{value:,.10g}"


def _colour(axes: Axes) -> None:
    text, grid = _STAND_INS["text"][0], _STAND_INS["grid"][0]
    axes.tick_params(which="both", color=grid, labelcolor=text, length=0)
    axes.xaxis.label.set_color(text)
    axes.yaxis.label.set_color(text)
    axes.grid(color=grid, linewidth=0.7)
    axes.set_axisbelow(True)
    for side in axes.spines.values():
        side.set_visible(False)


def _for_page(svg: str, label: str) -> str:
    """The `<svg>` element alone, sized and coloured by the page."""
    body = svg[svg.index(">", svg.index("<svg")) + 1 :]
    body = re.sub(r"<style.*?</style>", "", body, flags=re.DOTALL)  # it would hold for the whole page
    body = re.sub(r'<g id="[^"]*"', "<g", body)  # the same in every plot
    body = re.sub(r"font-family: [^;]*; ", "", body)
    body = body.replace("xlink:href", "href")  # the page declares no namespaces
    for stand_in, colour in _STAND_INS.values():
        body = body.replace(stand_in, colour)
    width, height = (72 * inches for inches in _SIZE)
    return f'<svg viewBox="0 0 {width:g} {height:g}" role="img" aria-label="{escape(label)}">{body}'
