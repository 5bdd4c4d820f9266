import numpy as np
import pytest

from benchmarks.claims.rate_quality import CLAIM, RateQualityRow, RateQualitySettings, main
from edgesr_ros.ladder.settings import QUALITIES
from edgesr_ros.schema import read_json
from edgesr_ros.sources.files import write_image


@pytest.fixture
def recording(tmp_path):
    """A folder of 60 pictures 64x64: a pan over texture."""
    rough = np.random.default_rng(8).integers(0, 256, (40, 60, 3), dtype=np.uint8)
    scene = np.kron(rough, np.ones((4, 4, 1), np.uint8))
    for number in range(60):
        write_image(tmp_path / "pan" / f"{number:02}.png", scene[number : number + 64, number : number + 64])
    return str(tmp_path / "pan")


def test_a_quick_run_has_a_row_for_each_contender_and_budget(recording, tmp_path, capsys, monkeypatch):
    for codec in ("webp", "avif", "avif_slow", "jpeg", "h264"):
        monkeypatch.setitem(QUALITIES, codec, (20, 80))
    monkeypatch.setattr("benchmarks.claims.rate_quality._AUTO_TOLD", (0.24, 7.68))
    pytest.importorskip("PIL", minversion="11.3", reason="Pillow writes AVIF from 11.3 on")
    path = tmp_path / "out.json"
    assert main(["--quick", "--json", str(path), "--input", recording]) == 0
    result = read_json(path, CLAIM.result)
    contenders = {row.contender for row in result.rows}
    ours = {f"ours, {ladder}" for ladder in ("webp", "still", "still_slow", "h264")}
    assert contenders == {"AVIF", "AVIF, slow", "JPEG", "WebP", "ours, auto"} | ours
    auto = {row.budget_bytes: row.lpips for row in result.rows if row.contender == "ours, auto"}
    others = len(result.rows) - len(auto)
    assert others == (len(contenders) - 1) * len({row.budget_bytes for row in result.rows} - {250, 500})
    assert list(auto) == [250, 500, 1000, 2000, 4000, 8000]
    assert 0 < auto[8000] < auto[250] < 0.4
    assert "kB/frame" in capsys.readouterr().out


def test_what_is_sent_by_default_has_goals_of_its_own(enveloped, kept):
    rows = [
        RateQualityRow(contender="ours, auto", budget_bytes=budget, lpips=0.1) for budget in (250, 500, 1000)
    ]
    result = enveloped(CLAIM, RateQualitySettings(sources=[], networks={}), rows)
    assert list(kept(CLAIM, result).values())[:4] == [True, True, False, False]


def test_a_mistake_is_one_line(tmp_path, capsys):
    assert main(["--quick", "--input", str(tmp_path / "nothing")]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_the_evidence_has_our_hull_at_or_below_every_stand_alone_codec():
    rows = CLAIM.read().rows
    budgets = sorted({row.budget_bytes for row in rows if row.contender == "ours, still"})
    assert (budgets[0], budgets[-1]) == (1000, 40_000)
    for budget in budgets:
        here = [row for row in rows if row.budget_bytes == budget and row.lpips is not None]
        lpips = {row.contender: row.lpips for row in here}
        assert lpips["ours, still"] <= min(lpips.get(name, 1) for name in ("AVIF", "JPEG", "WebP"))
        assert lpips["ours, still_slow"] <= min(lpips["ours, still"], lpips.get("AVIF, slow", 1))


def test_a_budget_at_which_another_codec_is_better_keeps_no_goal(enveloped, kept):
    def goals(*lpips: tuple[float | None, float | None]) -> list[bool]:
        rows = [
            RateQualityRow(contender=name, budget_bytes=1000.0 * budget, lpips=value)
            for budget, values in enumerate(lpips, start=1)
            for name, value in zip(("ours, still", "JPEG"), values, strict=True)
        ]
        settings = RateQualitySettings(sources=[], networks={})
        return list(kept(CLAIM, enveloped(CLAIM, settings, rows)).values())[-2:]

    assert goals((0.2, None), (0.1, 0.1)) == [True, False]  # nothing is known of still_slow
    assert goals((0.2, None), (0.11, 0.1)) == [False, False]
    assert goals((None, 0.3), (0.1, 0.2)) == [False, False]
