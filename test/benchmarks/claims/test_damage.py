"""Damaged input, a little of each kind: no crash, no hang, one line, and what is good comes through."""

import pytest

from benchmarks.claims.damage.claim import CLAIM, DamageRow, DamageSettings, damage_table
from benchmarks.claims.damage.decoder import attack_decoder
from benchmarks.claims.damage.ends import attack_ground, attack_robot
from benchmarks.claims.damage.tally import Tally
from edgesr_ros.codecs import av1
from edgesr_ros.errors import InputError

pytestmark = pytest.mark.skipif(av1.missing() is not None, reason=f"{av1.missing()}: it makes the packets")


@pytest.mark.parametrize(
    ("attack", "count"), [(attack_decoder, 2000), (attack_ground, 1000), (attack_robot, 250)]
)
def test_what_is_damaged_is_refused_in_one_line_or_does_no_harm(attack, count, clip) -> None:
    row = attack(clip[:60], count, 2)
    assert row.count == count
    assert row.wrong == 0
    assert min(row.refused, row.taken) > count / 10
    assert row.grown_mb < 150
    assert row.good > 0
    assert row.good_lost == 0


def test_whatever_is_no_line_counts(capsys) -> None:
    def fail(error: Exception) -> None:
        raise error

    tally = Tally("nonsense")
    for error in (InputError("one line"), InputError("two\nlines"), ValueError("no")):
        assert not tally.call(lambda error=error: fail(error))
    assert tally.call(lambda: None)
    tally.good(False)
    row = tally.row()
    assert (row.count, row.refused, row.wrong, row.taken) == (4, 1, 2, 1)
    assert (row.good, row.good_lost) == (1, 1)
    assert "nonsense: ValueError('no')" in capsys.readouterr().err


def test_the_table_has_a_line_for_each_attack(enveloped, kept) -> None:
    row = DamageRow(
        what="frames",
        count=1000,
        refused=900,
        taken=99,
        wrong=1,
        longest_ms=101.0,
        grown_mb=201.0,
        good=4,
        good_lost=1,
    )
    result = enveloped(CLAIM, DamageSettings(seed=1), [row])
    assert "| frames | 1,000 | 900 | 99 | 1 | 101 | +201 | 1 of 4 |" in damage_table(result)
    assert not any(kept(CLAIM, result).values())
