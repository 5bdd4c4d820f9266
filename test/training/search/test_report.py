"""The page: it stands alone, and shows of the trials what they are."""

import re
from xml.etree import ElementTree

import pytest

pytest.importorskip("torch", reason="candidates are torch modules: requirements/train.txt")
pytest.importorskip("optuna", reason="trials are Optuna's: requirements/train.txt")

from msgspec.structs import replace

from edgesr_ros.networks.cell import PUBLISHED, Cell
from edgesr_ros.training.search.budget import Budget, Cost
from edgesr_ros.training.search.drawing import draw_cell
from edgesr_ros.training.search.report import page_of
from edgesr_ros.training.search.results import SearchResult, TrialRow


def row(number, cell, state, macs, **scores):
    cost = Cost(parameters=2 * macs, macs_per_pixel=macs)
    by_steps = {int(name[1:]): score for name, score in scores.items()}
    return TrialRow(number=number, candidate=cell, state=state, cost=cost, scores=by_steps)


RESULT = SearchResult(
    name="mine",
    search="generator",
    sampler="tpe",
    best_by="psnr_y",
    ends=(1500, 6000),
    budget=Budget(parameters=65000),
    cpu="a processor",
    wanted=5,
    reference=PUBLISHED,
    reference_cost=Cost(parameters=61097, macs_per_pixel=61856),
    best=1,
    ranking=(),
    trials=(
        row(0, "c3<-1 c3<0", "complete", 3000, _1500=24.5, _6000=25.1),
        row(1, "c5<-1 s3<-1", "complete", 5000, _1500=24.6, _6000=25.25),
        row(2, "c1<-1 s7<0", "complete", 6000, _1500=24.7, _6000=25.2),
        row(3, "c7<-1 c7<0", "refused", 90000),
        row(4, "c1<-1 c1<0", "stopped", 1000, _1500=23.75),
        row(5, "s3<-1 c1<0", "running", 2000),
    ),
)


def plots_of(page):
    """Title of each plot → its SVG."""
    found = re.findall(r"<h3>(.*?)</h3><span class=\"note\">.*?</span>(<svg.*?</svg>)", page, re.DOTALL)
    return {title: ElementTree.fromstring(svg) for title, svg in found}


def test_the_page_stands_alone_and_tells_the_best():
    page = page_of(RESULT)
    assert not re.search(r"(?:src|href)=\"(?!#)|url\((?!#)|<script", page)
    told = re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", page))
    assert "5 of 5 trials, proposed by tpe and judged after 1,500, 6,000 steps" in told
    assert "25.25 PSNR-Y, dB of the best, trial 1" in told
    assert "c5&lt;-1 s3&lt;-1" in told
    assert "The best cell: trial 1" in told
    for words in ("3 trained to the end", "1 stopped at a rung", "1 refused", "1 being trained"):
        assert words in told
    order = re.findall(r"<tr><td>(\d)</td>", page)
    assert order == ["1", "2", "0", "4"]  # the furthest first, of those the best


def test_every_trial_that_was_judged_is_a_point_and_the_front_is_the_front():
    plots = plots_of(page_of(RESULT))
    assert list(plots) == [
        "Score over trials",
        "Score by multiply-accumulates, after 6,000 steps",
        "Score by parameters, after 6,000 steps",
        "Score by multiply-accumulates, after 1,500 steps",
        "Score by parameters, after 1,500 steps",
    ]
    for title, trials, front in (
        ("Score by parameters, after 6,000 steps", 3, 2),
        ("Score by parameters, after 1,500 steps", 4, 4),
    ):
        marks = [use.get("style") for use in plots[title].iter("use")]
        drawn = [sum(f"fill: var(--{colour})" in style for style in marks) for colour in ("first", "second")]
        assert drawn == [trials + 1, front + 1]  # one is the legend's


def test_lower_lpips_is_better():
    scores = {"_8": 0.3}
    lpips = replace(
        RESULT,
        best_by="lpips_alex",
        search="discriminator",
        ends=(8,),
        best=1,
        trials=(
            row(0, "a", "complete", 10, **scores),
            row(1, "b", "complete", 10, _8=0.2),
            row(2, "c", "complete", 10, _8=0.4),
        ),
    )
    page = page_of(lpips)
    assert re.findall(r"<tr><td>(\d)</td>", page) == ["1", "0", "2"]
    assert "0.2000" in page
    assert "<h2>Cells" not in page


def test_a_search_that_has_just_begun_has_a_page():
    assert "No trial has come to its end yet" in page_of(replace(RESULT, trials=(), best=None))


@pytest.mark.parametrize(
    "text", [PUBLISHED, "c3<-1", "c1<-1 c1<-1 s3<0 c5<0 c7<1 s7<-1", "c1<-1" + " c3<0" * 9]
)
def test_a_cell_is_drawn_without_overlaps(text):
    root = ElementTree.fromstring(draw_cell(text, "a <cell>"))
    assert root.get("aria-label") == "a <cell>"
    boxes = [tuple(float(box.get(key)) for key in ("x", "y", "width", "height")) for box in root.iter("rect")]
    assert len(boxes) == len(Cell.of_text(text).nodes) + 2  # the head and the sum
    for index, (x, y, width, height) in enumerate(boxes):
        for other_x, other_y, other_width, other_height in boxes[:index]:
            beside = x >= other_x + other_width or other_x >= x + width
            assert beside or y >= other_y + other_height or other_y >= y + height
    _, _, width, height = map(float, root.get("viewBox").split())
    assert all(x >= 0 and y >= 0 and x + w <= width and y + h <= height for x, y, w, h in boxes)
    lines = sum(1 for _ in root.iter("path"))
    cell = Cell.of_text(text)
    assert lines == len(cell.nodes) + len(cell.unread)
