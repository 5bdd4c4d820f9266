import math
import re
from pathlib import Path

import pytest

from edgesr_ros import resources
from edgesr_ros.errors import InputError
from edgesr_ros.link.profile import LinkProfile, read_profile

GOOD = """
description: for a test
capacity:
  repeat: true
  steps:
    - {seconds: 2, kbps: 800}
    - {seconds: 1, kbps: null}
delay_ms: 20
jitter_ms: 5
loss: 0.01
burst: {enter: 0.01, leave: 0.2, loss: 0.5}
queue_bytes: 32000
"""

SHIPPED = [
    "bursts_5pct_20ms",
    "bursty",
    "constant_1mbps",
    "constant_300kbps",
    "demo",
    "drive_away",
    "edge_of_range",
    "fading",
    "loss_10pct_120ms",
    "loss_10pct_20ms",
    "loss_2pct_120ms",
    "loss_2pct_20ms",
    "loss_2pct_30ms",
    "loss_5pct_120ms",
    "loss_5pct_20ms",
    "loss_5pct_30ms",
    "lte",
    "outage",
    "radio_100kbps",
    "step_down_and_up",
    "steps_down",
    "unlimited",
    "wifi_good",
]


def profile_file(folder: Path, text: str) -> str:
    path = folder / "link.yaml"
    path.write_text(text)
    return str(path)


def test_the_page_of_the_link_names_every_profile_and_its_example_can_be_read(tmp_path: Path) -> None:
    page = Path(__file__).parents[2] / "doc" / "link.md"
    text = page.read_text()
    for name in SHIPPED:
        assert f"| `{name}` | {read_profile(name).description} |" in text
    (example,) = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    assert read_profile(profile_file(tmp_path, example)).kbps_at(31) == 0
    links = re.findall(r"\]\((?!#|https:)([^)]*)\)", text)
    assert links
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_reads_a_file(tmp_path: Path) -> None:
    profile = read_profile(profile_file(tmp_path, GOOD))
    assert [profile.kbps_at(t) for t in (0, 2.5, 3)] == [800, None, 800]
    assert profile.burst is not None
    assert (profile.burst.enter, profile.loss, profile.queue_bytes) == (0.01, 0.01, 32_000)


def test_what_is_left_out_does_nothing(tmp_path: Path) -> None:
    profile = read_profile(profile_file(tmp_path, "description: x\ncapacity: {steps: [{kbps: 80}]}"))
    assert (profile.delay_ms, profile.jitter_ms, profile.loss, profile.burst) == (0, 0, 0, None)


def test_a_queue_is_in_bytes_or_in_ms_and_64_kib_by_default(tmp_path: Path) -> None:
    def queue(text: str) -> tuple[int | None, float | None]:
        capacity = "description: x\ncapacity: {steps: [{kbps: 80}]}\n"
        profile = read_profile(profile_file(tmp_path, capacity + text))
        return profile.queue_bytes, profile.queue_ms

    assert queue("") == (65_536, None)
    assert queue("queue_bytes: 1000") == (1000, None)
    assert queue("queue_ms: 300") == (None, 300)
    assert queue("queue_ms: 300\nqueue_bytes: 1000") == (1000, 300)  # both bounds hold


def test_a_trace_is_found_from_the_profiles_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "traces").mkdir()
    (tmp_path / "traces" / "walk.csv").write_text("seconds,kbps,delay_ms\n1,800,30\n1,80,30\n")
    text = "description: x\ntrace: traces/walk.csv\ntrace_start: 0.5\ndelay_ms: 5\n"
    path = profile_file(tmp_path, text + "outages: [{start: 3, seconds: 1}]\n")
    monkeypatch.chdir("/")
    profile = read_profile(path)
    assert [profile.kbps_at(t) for t in (0, 0.6, 1.6, 3.5)] == [800, 80, 800, 0]
    assert profile.delay_at(0) == pytest.approx(0.035)


def test_a_trace_is_a_profile_too(tmp_path: Path) -> None:
    (tmp_path / "walk.up").write_text("10\n20\n")
    profile = read_profile(str(tmp_path / "walk.up"))
    assert "walk" in profile.description
    assert profile.capacity.kbit(0, 1) == pytest.approx(1200)
    (tmp_path / "walk.up").write_text("soon\n")
    with pytest.raises(InputError, match="line 1"):
        read_profile(str(tmp_path / "walk.up"))


def test_a_mistake_in_a_profiles_trace_names_the_trace(tmp_path: Path) -> None:
    (tmp_path / "walk.json").write_text('[{"duration_ms": 5}]')
    path = profile_file(tmp_path, "description: x\ntrace: walk.json")
    with pytest.raises(InputError, match=r"walk\.json: .*bandwidth_kbps"):
        read_profile(path)


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_profiles(name: str) -> None:
    profile = read_profile(name)
    assert profile.description
    # No shipped link stays silent for ever, and each takes a frame of 15 kB.
    assert math.isfinite(profile.capacity.finish(1000.0, 15_000))
    assert profile.queue_ms or (profile.queue_bytes or 0) > 15_000


def test_every_shipped_profile_is_listed_here() -> None:
    assert sorted(path.stem for path in resources.config("links").glob("*.yaml")) == SHIPPED


@pytest.mark.parametrize("name", [name for name in SHIPPED if "pct" in name])
def test_the_names_of_lossy_profiles_say_what_they_do(name: str) -> None:
    kind, percent, delay = re.fullmatch(r"(loss|bursts)_(\d+)pct_(\d+)ms", name).groups()
    profile = read_profile(name)
    assert profile.delay_ms == float(delay)
    assert profile.kbps_at(0.0) == 1000
    share = profile.loss
    if kind == "bursts":
        assert profile.burst is not None
        assert profile.burst.leave == 1 / 4
        share = profile.burst.enter / (profile.burst.enter + profile.burst.leave)
    assert share == pytest.approx(int(percent) / 100, rel=1e-3)


def test_steps_down_goes_from_10_megabytes_to_10_kilobytes_per_s() -> None:
    profile = read_profile("steps_down")
    bytes_per_s = [(profile.kbps_at(t) or 0) * 1000 / 8 for t in (4, 12, 20, 28, 36, 44, 1000)]
    assert bytes_per_s == [10e6, 1e6, 300e3, 100e3, 30e3, 10e3, 10e3]


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(InputError, match=r"wifi_bad.*demo, .*steps_down"):
        read_profile("wifi_bad")


@pytest.mark.parametrize(
    ("good", "bad", "told"),
    [
        ("delay_ms: 20", "delay_ms: twenty", "delay_ms"),
        ("delay_ms: 20", "delay_ms: -1", "delay_ms"),
        ("delay_ms: 20", "delay_ms: .nan", "delay_ms"),
        ("delay_ms: 20", "delay: 20", "`delay`"),
        ("loss: 0.01", "loss: 1.01", "loss"),
        ("loss: 0.5}", "loss: 50}", "burst.loss"),
        ("leave: 0.2", "exit: 0.2", "burst"),
        ("queue_bytes: 32000", "queue_bytes: 0", "queue_bytes"),
        ("queue_bytes: 32000", "queue_bytes: 32 kB", "queue_bytes"),
        ("queue_bytes: 32000", "queue_ms: 0", "queue_ms"),
        ("queue_bytes: 32000", "duplicate: 2", "duplicate"),
        ("queue_bytes: 32000", "reorder: sometimes", "reorder"),
        ("queue_bytes: 32000", "outages: [{start: -1, seconds: 2}]", "outages[0].start"),
        ("queue_bytes: 32000", "outages: [{start: 1}]", "outages[0]"),
        (
            "queue_bytes: 32000",
            "outages: [{start: 5, seconds: 2}, {start: 6, seconds: 1}]",
            "outages[1].start",
        ),
        ("queue_bytes: 32000", "trace: a.up", "either `capacity` or `trace`"),
        (GOOD, "description: x", "either `capacity` or `trace`"),
        (GOOD, "description: x\ntrace: gone.up", "trace: "),
        (GOOD, "description: x\ntrace: 5", "trace"),
        ("kbps: 800", "kbps: 800, to_kbps: -1", "capacity.steps[0].to_kbps"),
        ("kbps: 800", "kbps: 800, sine: {amplitude_kbps: 900, period: 1}", "capacity.steps[0]"),
        ("kbps: 800", "kbps: 800, sine: {amplitude_kbps: 9}", "capacity.steps[0].sine"),
        ("kbps: 800", "kbps: -800", "capacity.steps[0].kbps"),
        ("kbps: 800", "kbps: fast", "capacity.steps[0].kbps"),
        ("kbps: 800", "mbps: 8", "capacity.steps[0]"),
        (", kbps: null", "", "capacity.steps[1]"),
        ("seconds: 1,", "seconds: 0,", "capacity.steps[1].seconds"),
        ("seconds: 1, ", "", "steps[1].seconds: expected"),
        ("repeat: true", "repeat: often", "capacity.repeat"),
        ("description: for a test\n", "", "description"),
        ("description: for a test", "description: [for a", "not valid YAML"),
        (GOOD, "", "expected"),
        (GOOD, "description: x\ncapacity: {steps: []}", "capacity.steps"),
        (GOOD, "description: x\ncapacity: {steps: [{seconds: 1, kbps: 0}], repeat: true}", "kbps"),
    ],
)
def test_a_mistake_is_one_line_with_file_and_key(tmp_path: Path, good: str, bad: str, told: str) -> None:
    assert good in GOOD
    path = profile_file(tmp_path, GOOD.replace(good, bad))
    with pytest.raises(InputError) as error:
        read_profile(path)
    text = str(error.value)
    assert text.startswith(path)
    assert told.lower() in text.lower()
    assert "\n" not in text


def test_building_one_in_code_needs_only_a_capacity() -> None:
    with pytest.raises(TypeError, match="capacity"):
        LinkProfile(description="no capacity")
