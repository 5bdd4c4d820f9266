import msgspec
import numpy as np
import pytest

from edgesr_ros.control.brief import from_pairs, message_bytes, to_pairs
from edgesr_ros.control.report import Arrival, ArrivalReport, Missing
from edgesr_ros.errors import InputError

REPORT = ArrivalReport(
    stamp_ns=0,
    frames=1234,
    bytes=0,
    arrival_ns=93_120_334_455_000,
    recent=(
        Arrival(0, 93_120_268_332_000, 3_123_456_788),
        Arrival(0, 93_120_202_454_000, 3_123_456_787),
        Arrival(0, 93_120_203_000_000, 3_123_456_785),  # overtaken
    ),
    display_s=0.012,
    number=3_123_456_789,
    decoded=3_123_456_786,
    missing=(Missing(3_123_456_787), Missing(3_123_456_788, (0, 2)), Missing(3_123_456_790, (1,))),
    repaired=2,
    hold_s=0.093,
    brief=True,
)
LINE = "3123456789 93120334455 1234 93 d3 r2 s12 m2 m1/0,2 m-1/1 66123 65878 2:-546"


def test_a_line_there_and_back():
    assert to_pairs(REPORT) == {"brief": LINE}
    assert from_pairs({"brief": LINE}) == REPORT


def test_what_is_not_known_is_left_out():
    report = ArrivalReport(stamp_ns=0, frames=1, bytes=0, arrival_ns=5000, number=7, hold_s=0.0, brief=True)
    assert to_pairs(report) == {"brief": "7 5 1 0"}
    assert from_pairs({"brief": "7 5 1 0"}) == report


def test_who_does_not_read_a_line_is_told_each_value_by_its_name():
    whole = msgspec.structs.replace(REPORT, brief=False)
    assert from_pairs(to_pairs(whole)) == whole == ArrivalReport.from_pairs(whole.to_pairs())
    unnumbered = msgspec.structs.replace(REPORT, number=None, recent=(), missing=())
    assert "arrival_ns" in to_pairs(unnumbered)


def test_a_newer_receiver_may_say_more():
    assert from_pairs({"brief": LINE.replace(" r2", " q5:x r2 z")}) == REPORT


@pytest.mark.parametrize(
    "line",
    ["", "1 2 3", "x 2 3 4", "-1 2 3 4", "9" * 5000 + " 2 3 4"]
    + [f"1 2 3 4 {word}" for word in ("d", "d2", "r-1", "mx", "1:x", "s" + "9" * 21)],
)
def test_nonsense_is_one_line(line):
    with pytest.raises(InputError, match="arrival report") as error:
        from_pairs({"brief": line})
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 200


def test_words_without_end_are_not_read_to_their_end():
    report = from_pairs({"brief": "1000000 900000000 3 4 " + "m5 " * 5000 + "10 " * 5000})
    assert max(len(report.recent), len(report.missing)) <= 64


def test_mutated_lines_are_read_or_refused():
    rng = np.random.default_rng(1)
    for _ in range(2000):
        text = bytearray(LINE, "ascii")
        for place in rng.integers(0, len(text), rng.integers(1, 4)):
            text[place] = int(rng.choice(list(b"0123456789 -:/,.drsmx")))
        try:
            report = from_pairs({"brief": text.decode()})
        except InputError:
            continue
        assert from_pairs(to_pairs(report)) == report


def test_a_report_is_as_large_as_fast_dds_makes_it():
    """UDP payloads as seen on a loopback interface: Fast DDS 2.14.5, no frame_id."""
    line = "3123456789 93120334455 1234 93 d0 r0 s12 66124 66123 66124"
    assert message_bytes({"brief": line}) == 314 - 42
    assert message_bytes({"brief": line + " 66123 66124 66123"}) == 334 - 42
    pairs = {
        "stamp_ns": "1700000000123456789",
        "frames": "1234",
        "bytes": "612345",
        "arrival_ns": "93120334455123",
        "recent": "66666667:66123456 133333334:132246912 200000001:198370368",
        "decode_s": "0.0035",
        "display_s": "0.0123",
        "number": "3123456789",
        "decoded": "3123456789",
        "repaired": "0",
        "hold_s": "0.0933",
        "recent_numbers": "1 2 3",
    }
    assert message_bytes(pairs) == 630 - 42
