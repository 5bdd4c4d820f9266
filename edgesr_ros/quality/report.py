"""The page of a recording: summary.json, frames.csv and strip.png → one self-contained report.html."""

import base64
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from markupsafe import Markup

from edgesr_ros.quality.page import render
from edgesr_ros.quality.plots import Colour, Line, time_plot
from edgesr_ros.quality.record import FRAMES, REPORT, STRIP, SUMMARY, read_rows
from edgesr_ros.quality.rows import FrameRow
from edgesr_ros.quality.summary import read_summary
from edgesr_ros.quality.timeline import Capacity, Timeline
from edgesr_ros.schema import write_text

_DROPS = {
    "paced": "never sent: a newer one came before the link had room",
    "superseded": "arrived, but a newer one came before it was enlarged",
    "malformed": "could not be decoded",
    "duplicate": "arrived twice",
    "out_of_order": "arrived after a newer one",
    "link_queue": "lost on the link: its queue was full",
    "link_loss": "lost on the link, at random",
    "link_burst": "lost on the link, in a burst",
}


class Plot(NamedTuple):
    """A plot and what it shows."""

    title: str
    note: str
    svg: Markup


def write_report(folder: Path, title: str | None = None, capacity: Capacity = ()) -> Path:
    """Write `report.html` from what lies in the folder of a recording; returns its path.

    Args:
        title: of the page.
        capacity: of the link: (seconds on the clock of `shown_s`, kbit/s or None for unlimited), each
            holding until the next.

    Raises:
        InputError: summary.json or frames.csv is missing or damaged, or the page cannot be written.
    """
    summary, rows = read_summary(folder / SUMMARY), read_rows(folder / FRAMES)
    strip = folder / STRIP
    page = render(
        __package__,
        "report.html.jinja",
        title=title or "Recording of a camera stream",
        s=summary,
        plots=_plots(rows, summary.duration_s, capacity) if rows else [],
        strip=base64.b64encode(strip.read_bytes()).decode() if strip.is_file() else None,
        drops=[(reason, _DROPS.get(reason, ""), number) for reason, number in summary.dropped.items()],
    )
    path = folder / REPORT
    write_text(path, page)
    return path


def _plots(rows: Sequence[FrameRow], duration_s: float, capacity: Capacity) -> list[Plot]:
    timeline = Timeline(rows, duration_s, capacity)
    edges = timeline.edges

    def plot(title: str, note: str, unit: str, *lines: Line, from_zero: bool = True) -> Plot:
        if not any(np.isfinite(line.y).any() for line in lines):
            return Plot(title, "Not known.", Markup())
        return Plot(title, note, Markup(time_plot(title, lines, timeline.end, unit, from_zero)))

    def sampled(label: str, colour: Colour, of: Callable[[FrameRow], float | None]) -> Line:
        times, values, style = timeline.samples(of)
        return Line(label, times, values, colour, style)

    link = [Line("received", edges, timeline.kbps(), "first", "steps")]
    if any(kbps is not None for _, kbps in capacity):
        link.append(Line("capacity", *timeline.capacity(), "limit", "steps"))
    plots = [
        plot(
            "Pictures per second",
            "Shown to the operator.",
            "pictures/s",
            Line("shown", edges, timeline.rate(), "first", "steps"),
        ),
        plot(
            "Age of the picture",
            "How old a picture was when it appeared, and how old the one on the screen was at worst.",
            "ms",
            Line("median when shown", edges, timeline.age_when_shown(), "first", "steps"),
            Line("oldest on screen", edges, timeline.oldest_on_screen(), "second", "steps"),
        ),
        plot(
            "Link",
            "Bytes of the pictures shown, and what the link could carry where limited.",
            "kbit/s",
            *link,
        ),
    ]
    if not any(row.sr for row in rows):
        return plots
    return [
        *plots,
        plot(
            "LPIPS",
            "How different from the original it looks; lower is better.",
            "LPIPS",
            sampled("as shown", "first", lambda row: row.sr.lpips if row.sr else None),
            sampled("bicubic", "second", lambda row: row.bicubic.lpips if row.bicubic else None),
        ),
        plot(
            "PSNR",
            "How near to the original its pixels are; higher is better.",
            "dB",
            sampled("as shown", "first", lambda row: row.sr.psnr_db if row.sr else None),
            sampled("bicubic", "second", lambda row: row.bicubic.psnr_db if row.bicubic else None),
            from_zero=False,
        ),
        plot(
            "Consistency",
            "How near the picture shown, reduced again, is to what was received; higher is nearer.",
            "dB",
            sampled("as shown", "first", lambda row: row.consistency_db),
            from_zero=False,
        ),
    ]
