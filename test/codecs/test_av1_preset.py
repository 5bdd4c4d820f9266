import pytest

from edgesr_ros.codecs.av1_preset import PresetChoice, usual_preset
from edgesr_ros.codecs.machine import Machine

TIMES = {9: 4.5, 10: 3.7, 11: 2.9, 12: 2.5, 13: 2.25}  # ms at 640x480
VGA, HD, FULL_HD = 640 * 480, 1280 * 720, 1920 * 1080


def presets(slower, frames=600, odd=0.0, pixels=VGA, hz=30.0, cameras=1):
    """Presets of each frame on a machine so many times slower; every tenth frame takes `odd` s more."""
    machine = Machine(period=lambda: 1 / hz, cameras=lambda: cameras)
    choice, found = PresetChoice(pixels, machine), []
    for number in range(frames):
        found.append(choice.preset)
        choice.spent(TIMES[choice.preset] * slower / 1000 + (odd if number % 10 == 0 else 0))
    return found


@pytest.mark.parametrize(("slower", "last"), [(0.3, 9), (1, 9), (2.5, 10), (3.2, 11), (3.8, 12), (6, 13)])
@pytest.mark.parametrize("pixels", [VGA, HD])
def test_a_slow_machine_gets_a_fast_preset_and_keeps_it(slower, last, pixels):
    found = presets(slower, pixels=pixels)
    assert found[0] == 9
    assert found[100:] == [last] * 500


@pytest.mark.parametrize(("hz", "last"), [(10, 9), (30, 10), (60, 13)])
def test_more_pixels_may_take_longer_but_not_until_the_next_frame(hz, last):
    assert presets(4, pixels=FULL_HD, hz=hz)[100:] == [last] * 500  # 18 ms at 9


@pytest.mark.parametrize(("cameras", "last"), [(2, 9), (3, 10), (4, 11)])
def test_cameras_that_take_turns_are_through_before_the_next_frames(cameras, last):
    assert presets(2, cameras=cameras)[100:] == [last] * 500  # 9 ms at 9


def test_a_frame_that_took_long_for_another_reason_changes_nothing():
    assert set(presets(1, odd=0.03)) == {9}


def test_what_is_left_to_save():
    choice = PresetChoice(VGA, Machine())
    saving = [choice.saving]
    for _ in range(60):
        choice.spent(1.0)
        saving.append(choice.saving)
    assert saving[0] == pytest.approx(TIMES[9] / TIMES[13], rel=0.1)
    assert (choice.preset, saving[-1]) == (13, 1.0)


@pytest.mark.parametrize(
    ("pixels", "usual"),
    [(160 * 120, 7), (320 * 240, 7), (424 * 240, 7), (480 * 360, 8), (VGA, 9), (FULL_HD, 9)],
)
def test_small_pictures_get_more_trouble_in_the_same_time(pixels, usual):
    assert usual_preset(pixels) == usual


def test_what_a_slow_machine_spares_it_spares_at_each_size():
    choice, found = PresetChoice(VGA, Machine()), []
    for pixels in (VGA, VGA // 4, VGA):
        choice.resize(pixels)
        found.append(choice.preset)
        for _ in range(15 if pixels == VGA else 0):
            choice.spent(0.011)
    assert found == [9, 8, 10]
