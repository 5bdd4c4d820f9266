import re

import matplotlib as mpl
import pytest

from benchmarks.claims.quality.claim import CLAIM as QUALITY
from benchmarks.claims.speed.claim import CLAIM as SPEED
from benchmarks.claims.speed.plot import PLOT, Point, draw, points

_LABEL = re.compile(r">([^<]+)</text>")


@pytest.fixture(scope="module")
def found():
    return points(SPEED.read(), QUALITY.read())


def test_ours_and_published_figures_are_there(found):
    labels = {(point.label, point.kind) for point in found}
    for name in ("EdgeSRGAN", "EdgeSRGAN int8", "tiny", "tiny int8"):
        assert (name, "ours, onnxruntime") in labels
        assert (name, "ours, LiteRT") in labels
    for name in ("SRGAN", "TPSR-D2", "TPSR-NOGAN", "EdgeSRGAN-tiny, distilled, int8"):
        assert (name, "published figures, speed here") in labels
    assert ("bicubic", "bicubic") in labels
    assert len(labels) == len(found)


def test_points_have_the_figures_of_the_results(found):
    speed = SPEED.read()
    (srgan,) = (row.fps for row in speed.rows.contenders if (row.model, row.input) == ("srgan", "80x60"))
    assert Point("SRGAN", srgan, 0.094, "published figures, speed here") in found


def test_the_same_figures_make_the_same_file(found):
    assert draw(found, 2) == draw(found, 2)


def test_the_plot_in_the_readme_is_of_these_figures(found):
    shown, drawn = PLOT.read_text(encoding="utf-8"), draw(found, 2)
    if f"Matplotlib v{mpl.__version__}," in shown:  # others write the same differently
        assert shown == drawn
    assert _LABEL.findall(shown) == _LABEL.findall(drawn)
