import base64
import re
from html.parser import HTMLParser
from xml.etree import ElementTree

import numpy as np
import pytest

from edgesr_ros.errors import InputError
from edgesr_ros.quality.record import FRAMES, STRIP, SUMMARY, Recording
from edgesr_ros.quality.report import write_report
from edgesr_ros.quality.rows import FrameRow, Scores
from edgesr_ros.quality.summary import summarise
from edgesr_ros.schema import write_json
from edgesr_ros.sources.files import write_image

START = 1.7e9
MADE_BY = {"method": "sr", "model": "edgesrgan_tiny", "backend": "onnxruntime"}
NAMES = {"link": "lte", "source": "clip.mp4"}


def record(folder, times, measured=(), counters=None, duration_s=10.0, made_by=MADE_BY, **changes):
    with Recording(folder) as recording:
        for index, time in enumerate(times):
            stamp_s = START + time - 0.05
            row = FrameRow(stamp_s=stamp_s, shown_s=START + time, age_ms=50, bytes=3000, **made_by)
            recording.add(row)
            if index in measured:
                recording.set_scores(
                    stamp_s,
                    Scores(psnr_db=29.5, ssim=0.85, lpips=0.213),
                    Scores(psnr_db=28.5, ssim=0.8, lpips=0.347),
                    41.0,
                )
    summary = summarise(
        recording.rows, counters or {}, **(NAMES | changes), duration_s=duration_s, size="640x480"
    )
    write_json(folder / SUMMARY, summary)


def page(folder, **options):
    return write_report(folder, **options).read_text(encoding="utf-8")


def plots(html):
    """Title → the plot's parsed SVG; fails where one is not well formed."""
    svgs = [ElementTree.fromstring(svg) for svg in re.findall(r"<svg.*?</svg>", html, re.DOTALL)]
    return {svg.get("aria-label"): svg for svg in svgs}


class _Checker(HTMLParser):
    """Collects links and ids, and fails where tags do not nest."""

    VOID = frozenset({"meta", "img"})

    def __init__(self):
        super().__init__()
        self.open, self.links, self.ids = [], [], []

    def handle_starttag(self, tag, attributes):
        if tag not in self.VOID:
            self.open.append(tag)
        self.handle_startendtag(tag, attributes)

    def handle_startendtag(self, _, attributes):
        self.links += [value for name, value in attributes if name in ("src", "href", "xlink:href")]
        self.ids += [value for name, value in attributes if name == "id"]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def check(html):
    checker = _Checker()
    checker.feed(html)
    assert checker.open == []
    assert len(checker.ids) == len(set(checker.ids))
    assert all(link.startswith(("#", "data:")) for link in checker.links)
    assert "://" not in html and "@import" not in html
    assert "nan" not in re.sub(r"base64,[^\"]*", "", html).lower()


def test_the_page_holds_everything_itself(tmp_path):
    record(tmp_path, np.arange(0, 10, 0.1), measured=range(0, 100, 10), counters={"dropped.link_queue": 3})
    picture = np.random.default_rng(0).integers(0, 256, (60, 80, 3), np.uint8)
    write_image(tmp_path / STRIP, picture)
    html = page(tmp_path, title="Day & night", capacity=[(START, 500.0), (START + 5, None)])
    check(html)
    assert "<h1>Day &amp; night</h1>" in html
    assert base64.b64encode((tmp_path / STRIP).read_bytes()).decode() in html
    assert '<meta name="viewport"' in html and "prefers-color-scheme: dark" in html
    shown = plots(html)
    assert list(shown) == [
        "Pictures per second",
        "Age of the picture",
        "Link",
        "LPIPS",
        "PSNR",
        "Consistency",
    ]
    assert "capacity" in [text.text for text in shown["Link"].iter("text")]
    for figure in ("0.213", "0.347", "640x480", "edgesrgan_tiny on onnxruntime", "link queue", "41.0 dB"):
        assert figure in html, figure
    assert "invented" in html


def test_plots_take_their_colours_from_the_page(tmp_path):
    record(tmp_path, np.arange(0, 10, 0.1), measured=range(0, 100, 10))
    for svg in plots(page(tmp_path)).values():
        text = ElementTree.tostring(svg, encoding="unicode")
        assert "currentColor" in text and "var(--first)" in text
        assert not re.search(r"#0000\d\d", text)


def test_a_run_that_showed_nothing_says_so(tmp_path):
    record(tmp_path, [], counters={"dropped.malformed": 12}, duration_s=0.0)
    html = page(tmp_path)
    check(html)
    assert "No picture was shown" in html
    assert "malformed" in html and "12" in html
    assert plots(html) == {}


@pytest.mark.parametrize("times", [[0.0], np.arange(0, 3, 0.1)])
def test_a_run_that_measured_nothing_says_so(tmp_path, times):
    record(tmp_path, times)
    html = page(tmp_path)
    check(html)
    assert "No picture was measured" in html
    assert list(plots(html)) == ["Pictures per second", "Age of the picture", "Link"]
    assert "<img" not in html


@pytest.mark.parametrize("duration_s", [0.0, 10.0])
def test_a_single_measured_picture_is_plotted(tmp_path, duration_s):
    record(tmp_path, [0.0], measured=[0], duration_s=duration_s)
    html = page(tmp_path)
    check(html)
    assert len(plots(html)) == 6
    assert len(list(plots(html)["LPIPS"].iter("use"))) >= 2


def test_names_cannot_inject_markup(tmp_path):
    record(tmp_path, [0.0], source="<script>x</script>", counters={"dropped.<b>": 1})
    html = page(tmp_path, title="<i>")
    check(html)
    assert "<script" not in html and "<b>1" not in html and "<i>" not in html


def test_a_widely_spread_capacity_is_plotted_logarithmically(tmp_path):
    record(tmp_path, np.arange(0, 10, 0.1))
    html = page(tmp_path, capacity=[(START, 80_000.0), (START + 5, 80.0)])
    ticks = [text.text for text in plots(html)["Link"].iter("text")]
    assert {"100", "1,000", "10,000"} <= set(ticks)


def test_ages_and_scores_far_from_each_other(tmp_path):
    with Recording(tmp_path) as recording:
        for second, (age_ms, lpips) in enumerate([(None, 0.0), (0.0, 0.2), (3.0, 1e-9), (1e9, 30.0)]):
            stamp_s = START + second
            recording.add(FrameRow(stamp_s=stamp_s, shown_s=stamp_s, age_ms=age_ms, bytes=0, **MADE_BY))
            scores = Scores(psnr_db=100.0 * second, ssim=0.0, lpips=lpips)
            recording.set_scores(stamp_s, scores, scores, -3.0)
    write_json(tmp_path / SUMMARY, summarise(recording.rows, {}, **NAMES, duration_s=4.0, size="640x480"))
    html = page(tmp_path)
    check(html)
    assert len(plots(html)) == 6


@pytest.mark.parametrize("missing", [SUMMARY, FRAMES])
def test_a_folder_that_is_no_recording_is_one_clear_line(tmp_path, missing):
    record(tmp_path, [0.0])
    (tmp_path / missing).unlink()
    with pytest.raises(InputError, match=f"{missing}: no such file"):
        write_report(tmp_path)
