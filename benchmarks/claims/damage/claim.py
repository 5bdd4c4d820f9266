"""Damage: what is told of it, and how its figures are shown."""

from benchmarks.harness.claim import Claim
from benchmarks.harness.evidence import Result
from benchmarks.harness.goals import Goal, most
from benchmarks.harness.markdown import number, table
from edgesr_ros.schema import Struct


class DamageSettings(Struct):
    """What all attacks have in common."""

    seed: int


class DamageRow(Struct):
    """An attack."""

    what: str
    count: int  # that were damaged
    refused: int  # by one line
    taken: int  # the others
    wrong: int  # that were answered by anything but one line
    longest_ms: float  # of processor time for one of them
    grown_mb: float  # by which the most memory ever in use grew
    good: int  # times that something good came then
    good_lost: int  # of these, not taken as ever


DamageResult = Result[DamageSettings, list[DamageRow]]


def damage_table(result: DamageResult) -> str:
    """A line for each attack."""
    head = (
        *("what", "damaged", "refused", "taken", "anything else"),
        *("longest, ms of processor", "memory, MB", "good ones lost"),
    )
    lines = [
        (
            row.what,
            *(f"{count:,}" for count in (row.count, row.refused, row.taken, row.wrong)),
            number(row.longest_ms, 0),
            f"+{row.grown_mb:.0f}",
            f"{row.good_lost} of {row.good}",
        )
        for row in result.rows
    ]
    return table(head, lines)


GOALS = (
    Goal[DamageResult](
        "answered by anything but a picture or one line",
        "≤",
        0,
        "",
        lambda result: most(row.wrong for row in result.rows),
    ),
    Goal[DamageResult](
        "good ones lost after damaged ones",
        "≤",
        0,
        "",
        lambda result: most(row.good_lost for row in result.rows),
    ),
    Goal[DamageResult](
        "longest of any", "≤", 100, "ms", lambda result: most(row.longest_ms for row in result.rows)
    ),
    Goal[DamageResult](
        "memory, more than before an attack",
        "≤",
        200,
        "MB",
        lambda result: most(row.grown_mb for row in result.rows),
    ),
)

CLAIM = Claim(
    name="damage",
    title="Damage",
    about=(
        "Bits flipped, bytes put in, taken out, cut off and spliced, numbers at their limits. AV1 packets "
        "get a checksum that fits afterwards, so that all of them come to libdav1d; one that is good follows "
        "every 250: a key frame must be shown as ever, and 40 s after wrong reports a robot must send as "
        "before. A header may claim up to 4096x4096 pixels: that is what memory is allowed to grow by."
    ),
    reading="A line is an attack. Taken is what could not be told from what we send.",
    result=DamageResult,
    table=damage_table,
    goals=GOALS,
)
