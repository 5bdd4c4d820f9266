import itertools
import json
import math
from pathlib import Path

import numpy as np
import pytest

from edgesr_ros.errors import InputError
from edgesr_ros.link.emulator import Delivery, LinkEmulator
from edgesr_ros.link.profile import LinkProfile
from edgesr_ros.link.trace import SUFFIXES, read_trace

OPPORTUNITY = 1500  # bytes


def trace_file(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_an_opportunity_carries_1500_bytes_when_it_comes(tmp_path: Path) -> None:
    trace = read_trace(trace_file(tmp_path, "a.up", "10\n10\n25\n100\n"))
    assert trace.finish(0.0, OPPORTUNITY) == pytest.approx(0.0095)
    assert trace.finish(0.0, 2 * OPPORTUNITY) == pytest.approx(0.010)
    assert trace.finish(0.012, 100) == pytest.approx(0.024, abs=0.001)
    assert trace.finish(0.0, 3 * OPPORTUNITY) == pytest.approx(0.025)
    assert trace.kbit(0.0, 0.1) == pytest.approx(4 * 12)
    # It begins again at its end.
    assert trace.finish(0.0, 5 * OPPORTUNITY) == pytest.approx(0.1095)
    assert trace.kbit(0.1, 10.0) == pytest.approx(99 * 48)


def test_what_a_frame_leaves_of_an_opportunity_serves_the_next(tmp_path: Path) -> None:
    trace = read_trace(trace_file(tmp_path, "a.up", "10\n20\n30\n"))
    half = trace.finish(0.0, OPPORTUNITY // 2)
    assert trace.finish(half, OPPORTUNITY // 2) == pytest.approx(0.010)


def test_the_capacity_of_opportunities_is_a_mean(tmp_path: Path) -> None:
    every_10_ms = "".join(f"{10 * i}\n" for i in range(1, 501))
    trace = read_trace(trace_file(tmp_path, "a.down", every_10_ms))
    assert [trace.kbps_at(t) for t in (0.0, 2.5, 4.9)] == pytest.approx([1200] * 3, rel=0.01)


JSON = [
    {"duration_ms": 500, "bandwidth_kbps": 800, "latency_ms": 20},
    {"duration_ms": 1500, "bandwidth_kbps": 80, "latency_ms": 70},
]
CSV = "seconds,kbps,delay_ms\n0.5,800,20\n1.5,80,70\n"


@pytest.mark.parametrize(("name", "text"), [("a.json", json.dumps(JSON)), ("a.csv", CSV)])
def test_stretches_of_capacity_and_delay(tmp_path: Path, name: str, text: str) -> None:
    trace = read_trace(trace_file(tmp_path, name, text))
    assert [trace.kbps_at(t) for t in (0, 0.5, 1.9, 2.0)] == [800, 80, 80, 800]
    assert [trace.delay_at(t) for t in (0, 0.5, 2.0)] == [0.02, 0.07, 0.02]
    assert trace.finish(0.4, 11_000) == pytest.approx(0.5 + 0.1)
    later = read_trace(tmp_path / name, start=0.4)
    assert later.finish(0.0, 11_000) == pytest.approx(0.1 + 0.1)
    assert (later.kbps_at(0.0), later.kbps_at(0.1), later.delay_at(0.2)) == (800, 80, 0.07)
    assert later.kbit(0.0, 0.2) == pytest.approx(80 + 8)


def test_the_delay_may_be_left_out(tmp_path: Path) -> None:
    short = [{"duration_ms": 500, "bandwidth_kbps": 800}]
    assert read_trace(trace_file(tmp_path, "a.json", json.dumps(short))).delay_at(0.0) == 0.0
    assert read_trace(trace_file(tmp_path, "a.csv", "seconds,kbps\n1,80\n")).delay_at(0.0) == 0.0


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("a.up", "", "expected a delivery opportunity"),
        ("a.up", "0\n0\n", "expected a delivery opportunity"),
        ("a.up", "10\nsoon\n", "line 2: expected milliseconds, a whole number of 10 or more, got 'soon'"),
        ("a.up", "10\n5\n", "line 2: expected milliseconds"),
        ("a.up", "10\n\n20\n", "line 2: expected milliseconds"),
        ("a.up", "-1\n", "line 1: expected milliseconds"),
        ("a.up", "1.5\n", "line 1: expected milliseconds"),
        ("a.up", "٣\n", "line 1: expected milliseconds"),
        ("a.up", "9" * 5000, "line 1: expected milliseconds"),
        ("a.json", "[", "not valid JSON"),
        ("a.json", "{}", "expected `array`, got `object`"),
        ("a.json", "[]", "bandwidth_kbps: expected at least one above 0"),
        (
            "a.json",
            '[{"duration_ms": 5, "bandwidth_kbps": 0}]',
            "bandwidth_kbps: expected at least one above 0",
        ),
        ("a.json", '[{"duration_ms": 0, "bandwidth_kbps": 1}]', "$[0].duration_ms"),
        ("a.json", '[{"duration_ms": 5, "bandwidth_kbps": -1}]', "$[0].bandwidth_kbps"),
        ("a.json", '[{"duration_ms": 5, "kbps": 1}]', "bandwidth_kbps"),
        ("a.json", '[{"duration_ms": 5, "bandwidth_kbps": 1, "latency_ms": -1}]', "$[0].latency_ms"),
        ("a.csv", "", "line 1: expected seconds,kbps,delay_ms"),
        ("a.csv", "time,kbps\n1,2\n", "line 1: expected seconds,kbps,delay_ms"),
        ("a.csv", "seconds,kbps\n", "kbps: expected at least one above 0"),
        ("a.csv", "seconds,kbps\n1,2,3\n", "line 2: expected 2 values, got 3"),
        ("a.csv", "seconds,kbps\n1,2\n1,fast\n", "line 3: expected `float`, got `str` - at `$.kbps`"),
        ("a.csv", "seconds,kbps\n1,nan\n", "line 2: "),
        ("a.csv", "seconds,kbps\n1,inf\n", "line 2: "),
        ("a.csv", "seconds,kbps\n0,80\n", "$.seconds"),
        ("a.pcap", "x", f"expected a trace that ends in one of {', '.join(SUFFIXES)}"),
    ],
)
def test_a_mistake_is_one_line_with_file_and_place(tmp_path: Path, name: str, text: str, told: str) -> None:
    path = trace_file(tmp_path, name, text)
    with pytest.raises(InputError) as error:
        read_trace(path)
    said = str(error.value)
    assert said.startswith(f"{path}: ")
    assert told.lower() in said.lower()
    assert "\n" not in said
    assert len(said) < 300 + len(str(path))


def test_a_file_that_is_not_there_or_not_text(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"a\.up: no such file"):
        read_trace(tmp_path / "a.up")
    (tmp_path / "b.up").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match=r"b\.up: cannot be read as text"):
        read_trace(tmp_path / "b.up")


def saturate(profile: LinkProfile, seconds: float) -> int:
    """Bytes that arrive within `seconds` from a sender that never lets the queue run dry."""
    link = LinkEmulator(profile)
    sizes = itertools.cycle(np.random.default_rng(5).integers(100, 30_000, 1000).tolist())
    now, delivered = 0.0, 0
    while now <= seconds:
        size = next(sizes)
        match link.offer(now, size):
            case Delivery(at):
                delivered += size if at <= seconds else 0
            case _:
                now += 0.05  # the queue is full: a megabyte lasts longer than this at 100 Mbit/s
    return delivered


TRACES = {
    "ghent4g": [f"report_{by}_0001.json" for by in ("bicycle", "bus", "car", "foot", "train")],
    "mahimahi": ["ATT-LTE-driving.up", "TMobile-UMTS-driving.up", "Verizon-EVDO-driving.up"],
}


@pytest.mark.parametrize("name", [f"{folder}/{name}" for folder, names in TRACES.items() for name in names])
def test_an_overloaded_link_delivers_the_recorded_capacity(shared: Path, name: str) -> None:
    path = shared / "data" / "traces" / name
    # From the file itself, not from our reading of it: every stretch, or every opportunity, once.
    if path.suffix == ".json":
        entries = json.loads(path.read_text())
        seconds = math.fsum(entry["duration_ms"] for entry in entries) / 1000
        carried = math.fsum(entry["duration_ms"] * entry["bandwidth_kbps"] / 8 for entry in entries)
    else:
        times = path.read_text().split()
        seconds, carried = int(times[-1]) / 1000, len(times) * OPPORTUNITY
    profile = LinkProfile(description="test", capacity=read_trace(path), queue_bytes=1_000_000)
    assert saturate(profile, seconds) == pytest.approx(carried, rel=0.02)


def test_every_given_trace_is_listed_here(shared: Path) -> None:
    traces = shared / "data" / "traces"
    found = {path.relative_to(traces).as_posix() for path in traces.rglob("*") if path.suffix in SUFFIXES}
    assert found == {f"{folder}/{name}" for folder, names in TRACES.items() for name in names}
