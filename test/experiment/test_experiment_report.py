import re
from html.parser import HTMLParser
from xml.etree import ElementTree

import numpy as np
import pytest

from edgesr_ros.errors import InputError
from edgesr_ros.experiment.bench import Panel, Strip
from edgesr_ros.experiment.report import write_report
from edgesr_ros.experiment.rows import Course, CurvePoint, Results, Row


def row(contender="ours", link="lte", recording="clip", **changes):
    figures = {
        "time": "simulated",
        "seconds": 4.0,
        "capacity_kbps": 800.0,
        "usable_kbps": 700.0,
        "capacity_used": 0.8,
        "propagation_ms": 30.0,
        "frames_sent": 100,
        "frames_shown": 90,
        "fps_shown": 22.5,
        "age_p50_ms": 80.0,
        "age_p95_ms": 123.0,
        "age_on_screen_p95_ms": 180.0,
        "stale": 0.01,
        "lost": {"queue": 2},
        "lost_overload": 0.02,
        "sent_kbps": 640.0,
        "bytes_per_frame": 3000.0,
        "lpips_on_screen": 0.234,
        "psnr_on_screen_db": 24.0,
        "flicker": 2.5,
        "recovery_s": None,
        "timeline": Course(
            shown_per_s=[20, 22, 0, 25],
            oldest_ms=[None, 90, 1200, 80],
            lpips=[0.3, None, 0.5, 0.2],
            sent_kbps=[600, 650, 0, 640],
            capacity_kbps=[800, 800, 0, 800],
        ),
    }
    return Row(contender=contender, link=link, recording=recording, **(figures | changes))


def results(rows, curves=()):
    return Results(
        description="Bad <links>", camera="640x480 at 30 Hz", seed=1, rows=rows, curves=list(curves)
    )


def curves():
    return [
        CurvePoint(recording="clip", method=method, setting="s", bytes_per_frame=b, lpips=1 / b, psnr_db=30)
        for method in ("ours", "jpeg")
        for b in (2000, 9000)
    ]


@pytest.fixture
def page(tmp_path):
    def make(*arguments):
        path = tmp_path / "out" / "report.html"
        write_report(path, *arguments)
        return path.read_text(encoding="utf-8")

    return make


class Nesting(HTMLParser):
    """Fails where tags do not nest, ids come twice, or something is loaded from elsewhere."""

    def __init__(self):
        super().__init__()
        self.open, self.ids = [], []

    def handle_starttag(self, tag, attributes):
        if tag not in ("meta", "img", "br"):
            self.open.append(tag)
        self.handle_startendtag(tag, attributes)

    def handle_startendtag(self, _, attributes):
        for name, value in attributes:
            assert name not in ("src", "href") or value.startswith(("#", "data:"))
            if name == "id":
                self.ids.append(value)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def check(html):
    nesting = Nesting()
    nesting.feed(html)
    assert nesting.open == []
    assert len(nesting.ids) == len(set(nesting.ids))
    assert "://" not in html and "@import" not in html
    assert "nan" not in re.sub(r"base64,[^\"]*", "", html).lower()
    svgs = [ElementTree.fromstring(svg) for svg in re.findall(r"<svg.*?</svg>", html, re.DOTALL)]
    names = [svg.get("aria-label") for svg in svgs]
    assert len(names) == len(set(names))
    return names


def test_the_page_holds_tables_plots_curves_and_pictures(page):
    rows = [
        row(name, link, recording, lpips_on_screen=lpips)
        for name, lpips in (("ours", 0.2), ("jpeg", 0.345))
        for link in ("lte", "demo")
        for recording in ("clip", "road")
    ]
    grey = np.full((48, 64, 3), 99, np.uint8)
    strip = Strip("lte", "clip", 2.5, [Panel("camera", grey, None), Panel("ours", grey, 0.2)])
    html = page(results(rows, curves()), [strip])
    names = check(html)
    assert "Bad &lt;links&gt;" in html
    assert {"Pictures shown", "Age of pictures", "LPIPS on the screen", "Flicker"} <= set(names)
    assert {"Pictures per second: lte, clip", "Sent: demo, road", "LPIPS per byte: clip"} <= set(names)
    assert html.count("data:image/webp;base64,") == 2
    assert "<b>0.200</b>" in html and "<b>0.345</b>" not in html
    assert 'name="viewport"' in html and "prefers-color-scheme: dark" in html


def test_a_run_without_pictures_curves_or_courses_still_has_a_page(page):
    empty = {"age_p50_ms": None, "age_p95_ms": None, "age_on_screen_p95_ms": None, "flicker": None}
    html = page(results([row(frames_shown=0, fps_shown=0.0, timeline=None, **empty)]))
    names = check(html)
    assert "Pictures per second: lte, clip" not in names
    assert "Age of pictures" not in names
    assert "–" in html


def test_more_contenders_than_colours(page):
    check(page(results([row(f"number {number}") for number in range(11)])))


def test_figures_far_from_each_other(page):
    """Of a busy computer: one contender showed hardly anything, one nothing, one all."""
    found = {"ours": (0.2, 1211.0, 4681.0), "j" * 40: (0.0, None, None), "video": (15.0, 31.0, 99.0)}
    rows = [
        row(name, usable_kbps=346.0, fps_shown=fps, age_p95_ms=age, age_on_screen_p95_ms=on_screen)
        for name, (fps, age, on_screen) in found.items()
    ]
    assert "Pictures shown" in check(page(results(rows)))


def test_a_method_that_only_one_recording_has(page):
    other = CurvePoint(recording="road", method="av1", setting="s", bytes_per_frame=9, lpips=0, psnr_db=30)
    assert "LPIPS per byte: road" in check(page(results([row(timeline=None)], [*curves(), other])))


def test_an_unlimited_link_has_no_line_of_capacity(page):
    course = row().timeline
    free = Course(
        shown_per_s=course.shown_per_s,
        oldest_ms=course.oldest_ms,
        lpips=course.lpips,
        sent_kbps=course.sent_kbps,
        capacity_kbps=[None] * 4,
    )
    html = page(results([row(capacity_kbps=None, timeline=free)]))
    check(html)
    assert "dashed: its capacity" not in html


def test_a_place_that_cannot_be_written_to_is_one_line(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=r"report\.html: cannot be written"):
        write_report(tmp_path / "file" / "report.html", results([row()]))
