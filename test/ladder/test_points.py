import math

import pytest
from msgspec.structs import replace

from edgesr_ros.codecs import avif
from edgesr_ros.errors import InputError
from edgesr_ros.ladder.points import (
    FOLDER,
    Ladder,
    Mode,
    OperatingPoint,
    best_lpips,
    hull,
    read_ladder,
)
from edgesr_ros.resources import share
from edgesr_ros.schema import write_json


def point(scale, quality, size, lpips, codec="webp"):
    return OperatingPoint(
        codec=codec, scale=scale, quality=quality, bytes=size, lpips=lpips, psnr_db=30 - lpips
    )


LADDER = Ladder(
    points=(
        point(4, 20, 1000, 0.5),
        point(4, 60, 2000, 0.4),
        point(2, 30, 4000, 0.3),
        point(1, 10, 8000, 0.2),
        point(1, 50, 16000, 0.1),
    )
)


def test_the_hull_keeps_what_is_neither_larger_nor_worse():
    points = [
        point(1, 10, 8000, 0.2),
        point(4, 20, 1000, 0.5),
        point(4, 40, 1500, 0.5),  # no better for more bytes
        point(2, 5, 8000, 0.25),  # as large, worse
        point(2, 30, 4000, 0.3),
        point(1, 1, 5000, 0.35),  # larger and worse
    ]
    assert hull(points) == (points[1], points[4], points[0])


def test_the_hull_leaves_out_what_another_scale_beats_between_two_points():
    between = point(2, 90, 8500, 0.27)  # at 1/1 0.22 by interpolation
    points = [point(1, 10, 8000, 0.28), point(1, 20, 9000, 0.15), between, point(2, 50, 4000, 0.4)]
    assert hull(points) == (points[3], points[0], points[1])


def test_the_best_at_a_budget():
    assert best_lpips(LADDER.points, 999) is None
    assert best_lpips(LADDER.points, 1000) == 0.5
    assert best_lpips(LADDER.points, math.sqrt(1000 * 2000)) == pytest.approx(0.45)
    assert best_lpips(LADDER.points, 3999) == pytest.approx(0.4)
    assert best_lpips(LADDER.points, 1e9) == pytest.approx(0.1)


def webp(scale):
    return Mode("webp", scale)


def test_modes_by_bytes():
    assert LADDER.modes == [webp(4), webp(2), webp(1)]
    assert [LADDER.span(mode) for mode in LADDER.modes] == [(0, 4000), (4000, 8000), (8000, math.inf)]


def test_two_codecs_of_a_scale_are_two_modes():
    mixed = Ladder(points=(*LADDER.points, point(1, 20, 17000, 0.09, "avif")))
    assert mixed.span(webp(1)) == (8000, 17000)
    assert mixed.span(Mode("avif", 1)) == (17000, math.inf)
    assert mixed.at_bytes(Mode("avif", 1), 1e6).codec == "avif"
    assert mixed.at_quality(webp(1), 30).lpips == LADDER.at_quality(webp(1), 30).lpips
    assert mixed.codecs == {"webp", "avif"}


def test_the_hull_takes_the_better_codec_of_a_scale():
    found = hull([point(1, 10, 8000, 0.2), point(1, 50, 16000, 0.1), point(1, 12, 9000, 0.15, "avif")])
    assert [row.codec for row in found] == ["webp", "avif", "webp"]


def test_between_points_quality_and_figures_follow_the_logarithm_of_bytes():
    middle = LADDER.at_bytes(webp(4), math.sqrt(1000 * 2000))
    assert (middle.scale, middle.quality) == (4, 40)
    assert middle.bytes == pytest.approx(1414.2, rel=1e-3)
    assert middle.lpips == pytest.approx(0.45, abs=1e-3)
    assert middle.psnr_db == pytest.approx(29.55, abs=1e-3)


def test_no_more_bytes_than_asked_for_are_expected():
    for size in range(1000, 16000, 37):
        for scale in (1, 4):
            found = LADDER.at_bytes(webp(scale), size)
            assert found.bytes <= size * 1.001 or found.quality == 1


def test_beyond_the_points_it_goes_on_as_far_as_qualities_do():
    assert LADDER.at_bytes(webp(4), 4000).quality == 100
    assert LADDER.at_bytes(webp(4), 10**9).quality == 100
    assert LADDER.at_bytes(webp(4), 1).quality == 1
    assert LADDER.at_bytes(webp(1), 10**9).quality == 50  # the last one's
    assert LADDER.at_quality(webp(1), 100).lpips == 0  # never below
    assert LADDER.at_quality(webp(4), 0) == LADDER.at_quality(webp(4), 1)
    assert LADDER.at_quality(webp(4), 100) == LADDER.at_quality(webp(4), 1000)


def test_it_goes_on_to_the_next_measured_quality_only():
    measured = (*LADDER.points, point(4, 70, 2500, 0.38), point(4, 90, 9000, 0.37))
    ladder = replace(LADDER, measured=measured)
    assert ladder.at_bytes(webp(4), 3000).quality == 70
    assert ladder.at_bytes(webp(4), 10**9).quality == 70
    assert ladder.at_bytes(webp(1), 10**9).quality == 50


def test_a_scale_with_one_point_only_has_others_beside_it():
    assert LADDER.at_bytes(webp(2), 4000).quality == 30
    assert LADDER.at_bytes(webp(2), 4000 * math.e).quality == 70
    assert LADDER.at_quality(webp(2), 30).bytes == pytest.approx(4000)
    assert LADDER.at_quality(webp(2), 70).bytes == pytest.approx(4000 * math.e)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"points": []}, r"length >= 1 - at `\$.points`"),
        ({"points": [point(4, 50, 1000, 0.5), point(2, 50, 1000, 0.4)]}, "lpips to fall as bytes rise"),
        ({"points": [point(4, 50, 1000, 0.5), point(2, 50, 2000, 0.5)]}, "lpips to fall as bytes rise"),
        (
            {"points": [point(4, 50, 1000, 0.5), point(4, 40, 2000, 0.4)]},
            "webp points of scale 4: expected quality to rise",
        ),
        ({"points": [point(4, 5, 1e3, 0.5), point(2, 5, 2e3, 0.4, "h264")]}, "expected h264 alone"),
        ({"points": [{"codec": "gif"}]}, r"points\[0\].codec"),
        ({"points": [{"codec": "webp", "scale": 16}]}, r"points\[0\].scale"),
        ({"ponits": []}, "ponits"),
    ],
)
def test_a_bad_file_is_one_line_with_the_place(tmp_path, change, message):
    path = tmp_path / "bad.json"
    write_json(path, {"points": LADDER.points} | change)
    with pytest.raises(InputError, match=message) as caught:
        read_ladder(str(path))
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)


def test_a_ladder_is_read_back(tmp_path):
    ladder = replace(LADDER, measured=LADDER.points, networks={"x4": "some_x4"}, sources=("a clip",))
    write_json(tmp_path / "a.json", ladder)
    assert read_ladder(str(tmp_path / "a.json")) == ladder


def test_an_unknown_name_tells_the_shipped_ones():
    with pytest.raises(InputError, match=r"'gif': .*\(av1, h264, jpeg, still, still_slow, webp\)"):
        read_ladder("gif")


def test_the_default_is_the_best_that_this_machine_can_send(monkeypatch):
    monkeypatch.setattr(avif, "SUPPORTED", True)
    assert read_ladder("default") == read_ladder("still")
    monkeypatch.setattr(avif, "SUPPORTED", False)
    assert read_ladder("default") == read_ladder("webp")


@pytest.mark.parametrize("path", sorted((share() / FOLDER).glob("*.json")), ids=lambda path: path.stem)
def test_shipped_ladders_are_the_hull_of_what_was_measured(path):
    ladder = read_ladder(path.stem)
    assert ladder.codecs == ({"webp", "avif"} if path.stem.startswith("still") else {path.stem})
    assert ladder.points == hull(ladder.measured)
    assert {row.scale for row in ladder.measured} == {1, 2, 4, 8}
    assert ladder.sources
    assert {f"x{scale}" for _, scale in ladder.modes if scale > 1} <= ladder.networks.keys()


def test_the_hull_rises_in_quality_at_each_scale():
    points = [point(8, 10, 90, 0.6), point(8, 30, 80, 0.61), point(8, 20, 100, 0.55), point(8, 40, 120, 0.5)]
    kept = hull(points)
    assert [found.quality for found in kept] == [30, 40]
    assert Ladder(points=kept).at_quality(webp(8), 35).bytes == pytest.approx(math.sqrt(80 * 120))


def _bytes_at(ladder, lpips):
    for one, other in zip(ladder.points, ladder.points[1:], strict=False):
        if one.lpips >= lpips >= other.lpips:
            share = (one.lpips - lpips) / (one.lpips - other.lpips)
            return one.bytes * (other.bytes / one.bytes) ** share
    raise AssertionError
