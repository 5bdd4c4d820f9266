import pytest

from edgesr_ros.ladder.scale import ScaleChoice

PIXELS = 640 * 480


def after(
    choice: ScaleChoice, quality: int, target: int = 1000, price: float = 0.0, frames: int = 100
) -> int:
    for _ in range(frames):
        choice.choose(target, PIXELS, price)
        choice.coded(quality)
    return choice.choose(target, PIXELS, price)


def test_coarse_pictures_are_sent_at_half_the_size_and_fine_ones_at_full_again() -> None:
    choice = ScaleChoice({1, 2, 4})
    assert after(choice, 60) == 1
    assert after(choice, 15, frames=21) == 2
    assert after(choice, 40) == 2  # of half size the quality is higher: no reason to go back
    assert after(choice, 60, frames=20) == 2
    assert after(choice, 60) == 1


def test_a_stream_begins_coarse_and_that_tells_nothing() -> None:
    choice = ScaleChoice({1, 2, 4})
    assert after(choice, 3, frames=8) == 1
    assert after(choice, 60) == 1


def test_where_enlarging_takes_too_long_for_what_moves_the_size_stays() -> None:
    assert after(ScaleChoice({1, 2, 4}), 15, price=0.05) == 1
    assert after(ScaleChoice({1, 2, 4}), 15, price=0.005) == 2


@pytest.mark.parametrize("pixels", [PIXELS, 4 * PIXELS])
def test_hardly_any_bytes_need_a_quarter_of_the_size(pixels: int) -> None:
    choice = ScaleChoice({1, 2, 4})
    few, more = 100 * pixels // PIXELS, 220 * pixels // PIXELS
    assert [choice.choose(few, pixels, 0.0) for _ in range(2)][-1] == 4
    assert [choice.choose(more, pixels, 0.0) for _ in range(60)][-1] == 2


def test_scales_that_a_ladder_has_not_are_left_out() -> None:
    assert after(ScaleChoice({1}), 2, target=50) == 1
