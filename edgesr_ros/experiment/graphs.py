"""The plots of an experiment's page."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from markupsafe import Markup

from edgesr_ros.experiment.rows import Course, CurvePoint, Row
from edgesr_ros.quality.plots import COLOURS, Colour, Line, Plot, curve_plot, time_plot


def over_capacity(rows: Sequence[Row], colours: Mapping[str, Colour]) -> list[Plot]:
    """A line for each contender over the usable capacity of the links; means over the recordings."""

    def plot(title: str, note: str, unit: str, of: Callable[[Row], float | None]) -> Plot:
        lines = [Line(name, *_by_link(rows, name, of), colour, "samples") for name, colour in colours.items()]
        lines = [line for line in lines if np.isfinite(line.y).any()]
        if not lines:
            return Plot(title, "Nothing to tell.", Markup())
        return Plot(title, note, Markup(curve_plot(title, lines, "usable capacity, kbit/s", unit)))

    return [
        plot("Pictures shown", "Higher is smoother.", "pictures/s", lambda row: row.fps_shown),
        plot("Age of pictures", "95th percentile, when they appear.", "ms", lambda row: row.age_p95_ms),
        plot(
            "Age on the screen",
            "95th percentile, at any moment: a frozen picture grows old.",
            "ms",
            lambda row: row.age_on_screen_p95_ms,
        ),
        plot("LPIPS on the screen", "Lower looks more alike.", "LPIPS", lambda row: row.lpips_on_screen),
        plot(
            "Capacity used",
            "Of what the recordings could fill.",
            "%",
            lambda row: 100 * row.capacity_used,
        ),
        plot(
            "Flicker",
            "Change, from picture to picture, of what each adds to its original.",
            "grey levels",
            lambda row: row.flicker,
        ),
    ]


def _by_link(
    rows: Sequence[Row], contender: str, of: Callable[[Row], float | None]
) -> tuple[np.ndarray, np.ndarray]:
    points = []
    for link in dict.fromkeys(row.link for row in rows):
        mine = [row for row in rows if (row.link, row.contender) == (link, contender)]
        values = [value for row in mine if (value := of(row)) is not None]
        if values:
            points.append((np.mean([row.usable_kbps for row in mine]), np.mean(values)))
    x, y = np.array(sorted(points)).T if points else (np.empty(0), np.empty(0))
    return x, y


def over_time(rows: Sequence[Row], colours: Mapping[str, Colour]) -> list[Plot]:
    """Second by second, a line for each contender's row; none where the rows hold no timeline."""
    timed = [(row, row.timeline) for row in rows if row.timeline is not None]
    if not timed:
        return []
    first, course = timed[0]
    edges = np.linspace(0, first.seconds, len(course.shown_per_s) + 1)

    def plot(
        title: str, note: str, unit: str, of: Callable[[Course], Sequence[float | None]], *more: Line
    ) -> Plot:
        lines = [
            Line(row.contender, edges, np.array(of(timeline), float), colours[row.contender], "steps")
            for row, timeline in timed
        ]
        name = f"{title}: {first.link}, {first.recording}"  # unique in the page
        svg = time_plot(name, [*lines, *more], first.seconds, unit, from_zero=True, legend=False)
        return Plot(title, note, Markup(svg))

    capacity = Line("capacity", edges, np.array(course.capacity_kbps, float), "limit", "steps")
    limited = bool(np.isfinite(capacity.y).any())
    return [
        plot("Pictures per second", "Shown to the operator.", "pictures/s", lambda t: t.shown_per_s),
        plot("Oldest on the screen", "Age of what was on the screen, at worst.", "ms", lambda t: t.oldest_ms),
        plot("LPIPS on the screen", "Against what the camera sees just then.", "LPIPS", lambda t: t.lpips),
        plot(
            "Sent",
            "What was put on the link; dashed: its capacity." if limited else "What was put on the link.",
            "kbit/s",
            lambda t: t.sent_kbps,
            *([capacity] if limited else []),
        ),
    ]


def method_colours(points: Sequence[CurvePoint]) -> dict[str, Colour]:
    """A colour for each method; ours has the first."""
    methods = sorted({point.method for point in points}, key=lambda method: (method != "ours", method))
    return dict(zip(methods, COLOURS, strict=False))


def curve_plots(points: Sequence[CurvePoint]) -> list[Plot]:
    """LPIPS over bytes, a plot for each recording."""
    plots = []
    for recording in dict.fromkeys(point.recording for point in points):
        lines = []
        for method, colour in method_colours(points).items():
            mine = [p for p in points if (p.recording, p.method) == (recording, method)]
            x = np.array([p.bytes_per_frame / 1000 for p in mine])
            lines.append(Line(method, x, np.array([p.lpips for p in mine]), colour, "samples"))
        name = f"LPIPS per byte: {recording}"
        svg = curve_plot(name, lines, "kB per frame", "LPIPS")
        plots.append(Plot(recording, "LPIPS; lower looks more alike.", Markup(svg)))
    return plots
