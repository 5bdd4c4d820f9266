from edgesr_ros.codecs.frame_number import FrameNumbers

NUMBERS = FrameNumbers(1 << 21)
_LAST = 2**21 - 1


def test_numbers_begin_again_after_the_last():
    assert NUMBERS.after(6) == 7
    assert NUMBERS.after(_LAST) == 0
    assert NUMBERS.after(3, -5) == _LAST - 1


def test_late_is_a_little_behind_what_is_expected():
    assert NUMBERS.is_late(99, 100)
    assert NUMBERS.is_late(36, 100)
    assert not NUMBERS.is_late(35, 100)
    assert not NUMBERS.is_late(100, 100)
    assert not NUMBERS.is_late(101, 100)
    assert NUMBERS.is_late(_LAST, 1)
