import pytest

from edgesr_ros.codecs.av1_preset import PresetChoice

TIMES = {9: 4.5, 10: 3.7, 11: 2.9, 12: 2.4}  # ms at 640x480


def presets(slower, frames=600, odd=0.0):
    """Presets of each frame on a machine so many times slower; every tenth frame takes `odd` s more."""
    choice, found = PresetChoice(), []
    for number in range(frames):
        found.append(choice.preset)
        choice.spent(TIMES[choice.preset] * slower / 1000 + (odd if number % 10 == 0 else 0))
    return found


@pytest.mark.parametrize(("slower", "last"), [(0.3, 9), (1, 9), (2.5, 10), (3.2, 11), (6, 12)])
def test_a_slow_machine_gets_a_fast_preset_and_keeps_it(slower, last):
    found = presets(slower)
    assert found[0] == 9
    assert found[100:] == [last] * 500


def test_a_frame_that_took_long_for_another_reason_changes_nothing():
    assert set(presets(1, odd=0.03)) == {9}
