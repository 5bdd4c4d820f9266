"""Real packets through an interface that `tc` shapes; skipped where there is no root."""

import pytest
from link_traffic import kbit, name_for_a_link, profile, saturate

from edgesr_ros.errors import InputError
from edgesr_ros.link import commands
from edgesr_ros.link.namespaces import INTERFACE, Namespaces
from edgesr_ros.link.profile import Burst, read_profile
from edgesr_ros.link.shaper import Shaper


@pytest.fixture
def link_name() -> str:
    return name_for_a_link()


def shaped(namespace: str) -> bool:
    """Whether tc holds the interface to a rate."""
    return "htb" in commands.run_tool("tc", "-n", namespace, "qdisc", "show", "dev", INTERFACE)


def test_packets_leave_at_the_scheduled_rate_and_an_outage_holds_them(link_name: str) -> None:
    steps = profile((1.5, 2000), (1.5, 300), (1.5, 0), (9, 1200))
    with Namespaces(link_name) as pair, Shaper(INTERFACE, steps, pair.namespace("robot")) as shaper:
        arrivals, _ = saturate(shaper, pair, 6.0, 4000)
    for start, end in ((0.5, 1.5), (1.8, 3.0), (4.8, 6.0)):
        assert kbit(arrivals, start, end) == pytest.approx(steps.capacity.kbit(start, end), rel=0.08)
    assert kbit(arrivals, 3.2, 4.5) == 0
    assert min(arrival.at for arrival in arrivals if arrival.at > 3.2) < 4.5 + 0.3
    assert kbit(arrivals, 0.5, 6.0) == pytest.approx(steps.capacity.kbit(0.5, 6), rel=0.04)


def test_an_interface_is_itself_again_at_the_end(link_name: str) -> None:
    with Namespaces(link_name) as pair:
        namespace = pair.namespace("robot")
        with Shaper(INTERFACE, read_profile("demo"), namespace) as shaper:
            shaper.apply(6.0)
            shown = commands.run_tool("tc", "-n", namespace, "class", "show", "dev", INTERFACE)
            assert "rate 400Kbit" in shown
        assert not shaped(namespace)


def test_an_interface_is_itself_again_when_it_cannot_be_shaped(
    link_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*command: str) -> str:
        if "bfifo" in command:
            raise InputError("no bfifo here")
        return commands.run_tool(*command)

    with Namespaces(link_name) as pair:
        monkeypatch.setattr("edgesr_ros.link.shaper.run_tool", broken)
        with pytest.raises(InputError, match="no bfifo here"):
            Shaper(INTERFACE, read_profile("demo"), pair.namespace("robot"))
        assert not shaped(pair.namespace("robot"))


def test_an_interface_that_does_not_exist(link_name: str) -> None:
    with Namespaces(link_name) as pair, pytest.raises(InputError, match="radio7"):
        Shaper("radio7", read_profile("demo"), pair.namespace("robot"))


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What a shaper tells tc, on a kernel that takes everything."""
    lines: list[str] = []

    def note(*command: str) -> str:
        lines.append(" ".join(command))
        return ""

    monkeypatch.setattr("edgesr_ros.link.shaper.run_tool", note)
    monkeypatch.setattr("edgesr_ros.link.shaper.succeeds", lambda *command: note(*command) == "")
    monkeypatch.setattr("edgesr_ros.link.shaper.require_root", lambda: None)
    return lines


def test_netem_is_told_delay_jitter_losses_and_duplicates(told: list[str]) -> None:
    bad = profile(
        (9, 800),
        delay_ms=20,
        jitter_ms=10,
        loss=0.01,
        duplicate=0.005,
        burst=Burst(enter=0.003, leave=0.1, loss=0.8),
    )
    shaper = Shaper("wlan0", bad)
    assert shaper.left_out == ()
    assert told[1:3] == [
        "tc qdisc add dev wlan0 root handle 1: netem limit 100000 delay 25.000ms 5.000ms rate 10gbit"
        " loss gemodel 0.3% 10% 80% 1% duplicate 0.5%",
        "tc qdisc add dev wlan0 parent 1:1 handle 2: tbf rate 10gbit burst 1mb limit 32mb",
    ]
    told.clear()
    for now in (0.0, 0.1, 0.2):
        shaper.apply(now)
    rate = "rate 800000bit burst 100 cburst 100 quantum 1514"
    assert f"tc class change dev wlan0 parent 3: classid 3:1 htb {rate}" in told
    assert len(told) == len(set(told))  # what stays as it is is told once


def test_netem_reorders_only_where_it_is_asked_to(told: list[str]) -> None:
    Shaper("wlan0", profile((9, 800), jitter_ms=10, loss=0.01, reorder=True))
    assert told[1].endswith("netem limit 100000 delay 5.000ms 5.000ms loss random 1%")
