"""Whatever the figures are, a plot is drawn, and all of it within its frame; pytest makes warnings errors."""

import re
from xml.etree import ElementTree

import numpy as np
import pytest

from edgesr_ros.quality.plots import COLOURS, Line, curve_plot, time_plot

FIGURES = (np.nan, 0.0, 1e-9, 0.2, 1.0, 31.0, 1211.0, 1e9, 1e12)
NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


def lines(rng, style="samples", x=None):
    """Up to 12 of up to 5 points, of figures far from each other."""
    drawn = []
    for index in range(rng.integers(1, 13)):
        count = int(rng.integers(0, 6)) if style == "samples" else 4
        y = rng.choice(FIGURES, count)
        along = np.sort(rng.choice(x, count)) if x else np.linspace(0, 4, count + (style == "steps"))
        drawn.append(Line("c" * 40, along, y, COLOURS[index % len(COLOURS)], style))
    return drawn


def check(svg):
    """Every sample is in the frame, and the plot fills most of it."""
    root = ElementTree.fromstring(svg)
    _, _, width, height = map(float, root.get("viewBox").split())
    for mark in root.iter("use"):
        assert 0 <= float(mark.get("x")) <= width and 0 <= float(mark.get("y")) <= height
    grid = [
        [float(number) for number in NUMBER.findall(path.get("d"))]
        for path in root.iter("path")
        if "var(--grid)" in path.get("style", "")
    ]
    across = [points[::2] for points in grid if len(points) == 4 and points[1] == points[3]]
    assert max(abs(right - left) for left, right in across) > width / 2


@pytest.mark.parametrize("seed", range(5))
def test_of_any_figures(seed):
    rng = np.random.default_rng(seed)
    for from_zero in (True, False):
        check(curve_plot("n", lines(rng, x=FIGURES[1:]), "kbit/s", "ms", from_zero))
        check(time_plot("n", lines(rng), 4, "ms", from_zero, legend=False))
        check(time_plot("n", lines(rng, "steps"), 4, "ms", from_zero, legend=False))


@pytest.mark.parametrize("x", [0.0, 346.0])
@pytest.mark.parametrize("ys", [(), (np.nan,), (0,), (31, 1211), (0.2, 0.0, 15.0), (-3, 0), (1e-9, 0, 1e12)])
def test_of_one_point_of_each(x, ys):
    drawn = [Line("c" * 40, np.array([x]), np.array([y], float), "first", "samples") for y in ys]
    check(curve_plot("n", drawn or [Line("c", np.empty(0), np.empty(0), "first", "samples")], "kbit/s", "ms"))


def test_nothing_shown_is_at_zero_of_a_logarithmic_axis():
    """A contender that showed nothing beside one that showed much."""
    drawn = [Line(str(y), np.array([346.0]), np.array([y]), "first", "samples") for y in (0.2, 0.0, 15.0)]
    root = ElementTree.fromstring(curve_plot("n", drawn, "kbit/s", "pictures/s"))
    little, nothing, much = (float(mark.get("y")) for mark in root.iter("use"))
    assert nothing > little > much  # SVG counts downwards
    assert {"0", "0.1", "1", "10"} <= {text.text for text in root.iter("text")}
