"""The page of an experiment: figures, plots and pictures in one self-contained file."""

import base64
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from edgesr_ros.experiment.bench import Strip
from edgesr_ros.experiment.graphs import curve_plots, method_colours, over_capacity, over_time
from edgesr_ros.experiment.rows import Results, Row
from edgesr_ros.quality.page import figure, render
from edgesr_ros.quality.plots import COLOURS, Colour, Plot
from edgesr_ros.schema import write_text

_PANEL = 400  # px, width of a picture in the page
_PANEL_QUALITY = 82  # of WebP: its own damage must not be taken for a contender's


class Column(NamedTuple):
    """A figure of the tables."""

    label: str
    unit: str
    of: Callable[[Row], float | None]
    digits: int
    best: Callable[[Iterable[float]], float] | None  # None: neither more nor less is better


COLUMNS = (
    Column("capacity used", "%", lambda row: 100 * row.capacity_used, 0, None),
    Column("shown", "per s", lambda row: row.fps_shown, 1, max),
    # Not the best where it is least: who shows two pictures an hour may show two young ones.
    Column("age p95", "ms", lambda row: row.age_p95_ms, 0, None),
    Column("on screen p95", "ms", lambda row: row.age_on_screen_p95_ms, 0, min),
    Column("stale", "% of the time", lambda row: 100 * row.stale, 1, min),
    Column("overload", "%", lambda row: 100 * row.lost_overload, 1, min),
    Column("lost", "%", lambda row: 100 * sum(row.lost.values()) / max(row.frames_sent, 1), 1, min),
    Column("LPIPS", "on screen", lambda row: row.lpips_on_screen, 3, min),
    Column("PSNR", "dB", lambda row: row.psnr_on_screen_db, 1, max),
    Column("flicker", "grey levels", lambda row: row.flicker, 2, None),
    Column("frame", "bytes", lambda row: row.bytes_per_frame, 0, None),
    Column("sent", "kbit/s", lambda row: row.sent_kbps, 0, None),
    Column("recovery", "s", lambda row: row.recovery_s, 2, min),
)


class _Cell(NamedTuple):
    text: str
    best: bool


class _Line(NamedTuple):
    contender: str
    colour: Colour
    cells: list[_Cell]


class _Group(NamedTuple):
    title: str
    lines: list[_Line]


class _Picture(NamedTuple):
    name: str
    note: str
    image: str  # WebP, base64


class _Moment(NamedTuple):
    title: str
    panels: list[_Picture]


class _Course(NamedTuple):
    title: str
    plots: list[Plot]


def write_report(path: Path, results: Results, strips: Sequence[Strip] = ()) -> None:
    """Write the page of `results`, which have one row at least, to `path`.

    Raises:
        InputError: the file cannot be written.
    """
    rows = results.rows
    colours = _colours(rows)
    pairs = list(dict.fromkeys((row.link, row.recording) for row in rows))
    page = render(
        __package__,
        "report.html.jinja",
        r=results,
        links=list(dict.fromkeys(row.link for row in rows)),
        recordings=list(dict.fromkeys(row.recording for row in rows)),
        simulated=all(row.time == "simulated" for row in rows),
        hint="On a narrow screen, move the table sideways.",
        columns=COLUMNS,
        contenders=list(colours.items()),
        means=[_Group("", _lines(rows, colours))],
        over_capacity=over_capacity(rows, colours),
        strips=[_moment(strip) for strip in strips],
        over_time=[
            _Course(f"{link}, {recording}", plots)
            for link, recording in pairs
            if (plots := over_time(_of(rows, link, recording), colours))
        ],
        methods=list(method_colours(results.curves).items()),
        curves=curve_plots(results.curves),
        runs=[
            _Group(f"{link}, {recording}", _lines(_of(rows, link, recording), colours))
            for link, recording in pairs
        ],
    )
    write_text(path, page)


def _colours(rows: Sequence[Row]) -> dict[str, Colour]:
    """A colour for each contender, in the order of the file; they repeat when there are many."""
    names = dict.fromkeys(row.contender for row in rows)
    return {name: COLOURS[index % len(COLOURS)] for index, name in enumerate(names)}


def _of(rows: Sequence[Row], link: str, recording: str) -> list[Row]:
    return [row for row in rows if (row.link, row.recording) == (link, recording)]


def _lines(rows: Sequence[Row], colours: dict[str, Colour]) -> list[_Line]:
    """A line for each contender: the means of its rows, those of the best marked."""
    values = {
        name: [_mean(column.of(row) for row in rows if row.contender == name) for column in COLUMNS]
        for name in dict.fromkeys(row.contender for row in rows)
    }
    best = []
    for column, figures in zip(COLUMNS, zip(*values.values(), strict=True), strict=True):
        known = [value for value in figures if value is not None]
        differ = len({figure(value, column.digits) for value in known}) > 1
        best.append(figure(column.best(known), column.digits) if column.best and differ else None)
    return [
        _Line(
            name,
            colours[name],
            [
                _Cell(text := figure(value, column.digits), text == winner)
                for value, column, winner in zip(figures, COLUMNS, best, strict=True)
            ],
        )
        for name, figures in values.items()
    ]


def _mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None


def _moment(strip: Strip) -> _Moment:
    panels = [
        _Picture(
            panel.contender,
            "what it sees at that moment" if panel.lpips is None else f"LPIPS {panel.lpips:.3f}",
            _webp(panel.picture),
        )
        for panel in strip.panels
    ]
    at = "" if strip.at is None else f", at {strip.at:.1f} s"
    return _Moment(f"{strip.link}, {strip.recording}{at}", panels)


def _webp(picture: np.ndarray) -> str:
    height = round(picture.shape[0] * _PANEL / picture.shape[1])
    small = cv2.resize(picture, (_PANEL, height), interpolation=cv2.INTER_AREA)
    bgr = cv2.cvtColor(small, cv2.COLOR_RGB2BGR)
    _, data = cv2.imencode(".webp", bgr, [cv2.IMWRITE_WEBP_QUALITY, _PANEL_QUALITY])
    return base64.b64encode(data.tobytes()).decode()
