"""An hour of what is sent by default over a lossy link: flat memory, nothing stuck, counts that add up."""

import sys
from collections.abc import Sequence
from itertools import pairwise

from msgspec.structs import replace

from benchmarks.harness.camera import CAMERA
from benchmarks.harness.chain import ChainRow, ChainSettings, print_row, run_chain, run_claim
from benchmarks.harness.claim import Claim
from benchmarks.harness.evidence import Result
from benchmarks.harness.goals import Goal, most
from benchmarks.harness.markdown import number, table
from benchmarks.harness.observer import Observer
from edgesr_ros.experiment.plan import Camera
from edgesr_ros.link.profile import read_profile
from edgesr_ros.schema import Struct

_LINK, _LOSS = "lte", 0.02
_RATE_HZ = 30.0
_SECONDS, _QUICK_SECONDS = 3600.0, 30.0
_NODES = ("onboard", "link_emulator", "ground_station")


class EnduranceRow(Struct):
    """The run."""

    chain: ChainRow
    longest_gap_s: float  # between two pictures, or before the first or after the last
    unaccounted: dict[
        str, int
    ]  # by node: frames, or messages, that came and neither went on nor were dropped


EnduranceResult = Result[ChainSettings, list[EnduranceRow]]


def measure(seconds: float) -> EnduranceRow:
    """The run; errors as `run_chain`."""
    gaps: list[float] = []
    unaccounted: dict[str, int] = {}

    def look(observer: Observer, began: float, end: float) -> None:
        gaps.append(longest_gap([picture.at for picture in observer.shown], began, end))
        unaccounted.update(left_over(observer))

    row = run_chain(
        seconds,
        {},
        camera=Camera(width=CAMERA.width, height=CAMERA.height, rate_hz=_RATE_HZ),
        link=(f"{_LINK}, {_LOSS:.0%} loss", replace(read_profile(_LINK), loss=_LOSS)),
        look=look,
    )
    print_row(row)
    print(f"longest gap {gaps[0]:.2f} s, unaccounted: {unaccounted}")
    return EnduranceRow(chain=row, longest_gap_s=gaps[0], unaccounted=unaccounted)


def longest_gap(shown: Sequence[float], began: float, end: float) -> float:
    """Seconds from picture to picture between two moments, the most."""
    times = [began, *(at for at in shown if began < at < end), end]
    return round(max(after - before for before, after in pairwise(times)), 2)


def left_over(observer: Observer) -> dict[str, int]:
    """By node, what came in, less what went out and what was dropped for a reason."""
    dropped = observer.dropped()
    return {
        node: observer.count(node, "frames_in")
        - observer.count(node, "frames_out")
        - sum(count for reason, count in dropped.items() if reason.startswith(f"{node}: "))
        for node in _NODES
    }


def endurance_table(result: EnduranceResult) -> str:
    """What must hold for long: memory, no gap, counts that add up."""
    (row,) = result.rows
    chain = row.chain
    lines = [
        *chain.memory_lines(),
        ("pictures shown", f"{chain.frames_shown:,}"),
        ("pictures shown per second", number(chain.fps_shown, 2)),
        ("age p50 / p95 / p99, ms", chain.ages_text()),
        ("longest time without a new picture, s", number(row.longest_gap_s, 2)),
        ("shown out of order", str(chain.out_of_order)),
        *((f"`{node}`: unaccounted for", str(count)) for node, count in row.unaccounted.items()),
        *((f"dropped, {reason}", f"{count:,}") for reason, count in chain.dropped.items() if count),
    ]
    return f"{chain.camera}, link `{chain.link}`, {chain.seconds:.0f} s.\n\n{table(('', 'measured'), lines)}"


GOALS = (
    Goal[EnduranceResult](
        "memory of a node from the first minute on, away from what it was then",
        "≤",
        5,
        "MB",
        lambda result: result.rows[0].chain.memory_moved_mb(),
        digits=1,
    ),
    Goal[EnduranceResult](
        "longest time without a new picture",
        "≤",
        2,
        "s",
        lambda result: result.rows[0].longest_gap_s,
        digits=2,
    ),
    Goal[EnduranceResult](
        "frames or messages of any node that are unaccounted for",
        "≤",
        0,
        "",
        lambda result: most(abs(count) for count in result.rows[0].unaccounted.values()),
    ),
    Goal[EnduranceResult](
        "pictures shown out of order", "≤", 0, "", lambda result: result.rows[0].chain.out_of_order
    ),
)

CLAIM = Claim(
    name="endurance",
    title="An hour of a lossy link",
    about="What is sent by default, over the link `lte` with losses of 2 % each way, by the real nodes.",
    reading=(
        "Memory is that at the end of the first minute, and the most that it moved away from it afterwards. "
        "What comes to a node goes on or is dropped for a reason; nothing else may be left at the end."
    ),
    result=EnduranceResult,
    table=endurance_table,
    goals=GOALS,
)


def main() -> int:
    """Entry point."""
    return run_claim(CLAIM, __doc__, _SECONDS, _QUICK_SECONDS, lambda seconds: [measure(seconds)])


if __name__ == "__main__":
    sys.exit(main())
