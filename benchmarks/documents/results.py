"""Puts the figures of benchmarks/results and the nodes' parameters into the README, and draws its plot."""

import argparse
import sys
from pathlib import Path

from benchmarks.claims.chain_tables import chain_table, growth_table, outage_table, soak_table, steps_table
from benchmarks.claims.link_tables import contenders_table, links_table
from benchmarks.claims.path_tables import idle_table, path_table
from benchmarks.claims.rate_quality import RateQualityResult
from benchmarks.claims.speed.claim import ratio_table, speed_table
from benchmarks.claims.speed.plot import PLOT, write_plot
from benchmarks.harness.evidence import (
    RESULTS,
    AlphaRow,
    ChainResult,
    IdleResult,
    LinkNetworkRow,
    LinkNetworksResult,
    OutagesResult,
    PathResult,
    QualityResult,
    QualityRow,
    SoakResult,
    SpeedResult,
    StepsResult,
)
from benchmarks.harness.markdown import fill, number, places, table
from edgesr_ros.errors import InputError
from edgesr_ros.experiment.rows import Results
from edgesr_ros.schema import read_json, read_text

README = Path(__file__).resolve().parents[2] / "README.md"

# Of each figure of quality: what it is called, its digits, whether less is better.
_FIGURES = {
    "psnr_y_db": ("PSNR-Y", 2, False),
    "ssim_y": ("SSIM-Y", 3, False),
    "lpips_alex": ("LPIPS", 3, True),
    "lpips_vgg": ("LPIPS-vgg", 3, True),
    "niqe": ("NIQE", 2, True),
}

_FEW_BYTES = (2000, 6000)  # a frame, where super-resolution is meant to pay


def result_tables(results: Path = RESULTS) -> dict[str, str]:
    """The tables of measured figures, by name.

    Raises:
        InputError: a file of results is missing or is none of ours.
    """
    quality = read_json(results / "quality.json", QualityResult)
    speed = read_json(results / "speed.json", SpeedResult)
    chain = read_json(results / "chain.json", ChainResult)
    return {
        "quality": quality_table(quality),
        **({"alpha": alpha_table(quality.alpha)} if quality.alpha else {}),
        "link_networks": link_networks_table(read_json(results / "link_networks.json", LinkNetworksResult)),
        "rate_quality": rate_quality_table(read_json(results / "rate_quality.json", RateQualityResult)),
        "link": links_table(read_json(results / "link.json", Results)),
        "kernel_link": contenders_table(read_json(results / "kernel_link.json", Results)),
        "speed": speed_table(speed),
        "speed_ratios": ratio_table(speed),
        "path": path_table(read_json(results / "path.json", PathResult)),
        "idle": idle_table(read_json(results / "idle.json", IdleResult)),
        "chain": chain_table(chain),
        "growth": growth_table(chain),
        "soak": soak_table(read_json(results / "soak.json", SoakResult)),
        "steps": steps_table(read_json(results / "steps.json", StepsResult)),
        "outage": outage_table(read_json(results / "outage.json", OutagesResult)),
    }


def quality_table(result: QualityResult) -> str:
    """Models on a data set, ours first, then the published ones; and where bicubic is better than ours."""
    rows = []
    for row in sorted(result.rows, key=lambda row: row.published):
        name = f"{row.model}, published ({row.source})" if row.published else f"`{row.model}`"
        if row.format == "tflite":
            name += " TFLite"
        figures = [number(getattr(row, field), digits) for field, (_, digits, _) in _FIGURES.items()]
        against = number(row.psnr_against_float_db, 1)
        rows.append([name, number(row.parameters, 0), number(row.gmac_80x60, 3), *figures, against])
    head = [f"{name} {'↓' if less else '↑'}" for name, _, less in _FIGURES.values()]
    whole = table(["", "parameters", "GMAC at 80x60", *head, "dB against float"], rows)
    skipped = "".join(f"\n\nNot measured: {line}." for line in result.skipped)
    return f"{whole}\n\n{_where_bicubic_wins(result.rows)}{skipped}"


def _where_bicubic_wins(rows: list[QualityRow]) -> str:
    ours = [row for row in rows if not row.published]
    bicubic = {row.scale: row for row in ours if row.format is None}

    def wins(row: QualityRow, field: str) -> bool:
        mine, other = getattr(row, field), getattr(bicubic[row.scale], field)
        if mine is None or other is None:
            return False
        return other < mine if _FIGURES[field][2] else other > mine

    found = {
        name: sorted({f"`{row.model}`" for row in ours if wins(row, field)})
        for field, (name, _, _) in _FIGURES.items()
    }
    said = [f"in {name} than {', '.join(models)}" for name, models in found.items() if models]
    return f"Bicubic is better {'; '.join(said)}." if said else "Bicubic is better in none of them."


def alpha_table(rows: list[AlphaRow]) -> str:
    """A line for each model and α."""
    head = [f"{name} {'↓' if less else '↑'}" for name, _, less in _FIGURES.values()]
    lines = [
        [f"`{row.model}`", f"{row.alpha:g}"]
        + [number(getattr(row, field), digits) for field, (_, digits, _) in _FIGURES.items()]
        for row in rows
    ]
    return table(["", "α", *head], lines)


def link_networks_table(result: LinkNetworksResult) -> str:
    """LPIPS of each network by recording and bytes, and what the `_link` ones gain at few bytes."""
    by_point: dict[tuple[str, int], dict[str, LinkNetworkRow]] = {}
    for row in result.rows:
        by_point.setdefault((row.recording, row.quality), {})[row.model] = row
    models = list(dict.fromkeys(row.model for row in result.rows))
    lines = []
    gains: dict[str, list[float]] = {model: [] for model in models if f"{model}_link" in models}
    for (recording, quality), rows in by_point.items():
        size = next(iter(rows.values())).bytes_per_frame
        lines.append(
            [recording, str(quality), number(size, 0), *(number(rows[m].lpips_alex, 3) for m in models)]
        )
        if _FEW_BYTES[0] <= size <= _FEW_BYTES[1]:
            for model, found in gains.items():
                found.append(1 - rows[f"{model}_link"].lpips_alex / rows[model].lpips_alex)
    low, high = _FEW_BYTES
    said = "; ".join(
        f"`{model}_link` {sum(found) / len(found):.0%} lower than `{model}`, "
        f"{min(found):.0%} to {max(found):.0%}"
        for model, found in gains.items()
        if found
    )
    head = ("recording", "WebP quality", "bytes", *(f"`{model}` ↓" for model in models))
    return f"{table(head, lines)}\n\nLPIPS at {low:,} to {high:,} bytes a frame: {said or 'not measured'}."


def rate_quality_table(result: RateQualityResult) -> str:
    """LPIPS of each way to send frames, a line for each budget."""
    by_budget: dict[float, dict[str, float | None]] = {}
    for row in result.rows:
        by_budget.setdefault(row.budget_bytes, {})[row.contender] = row.lpips
    contenders = list(dict.fromkeys(row.contender for row in result.rows))
    lines = [
        [f"{budget / 1000:g}", *(number(found.get(name), 3) for name in contenders)]
        for budget, found in sorted(by_budget.items())
    ]
    return table(["kB a frame", *(f"{name} ↓" for name in contenders)], lines)


def main() -> int:
    """Entry point."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.tables", description=__doc__)
    parser.add_argument(
        "--check", action="store_true", help="write nothing; status 1 if README is out of date"
    )
    given = parser.parse_args()
    try:
        contents = result_tables()
        try:
            from benchmarks.documents.parameters import parameter_table

            contents["parameters"] = parameter_table()
        except ImportError as error:
            print(f"parameters: left as they are ({error})", file=sys.stderr)
        old = read_text(README)
        new = fill(old, contents)
    except InputError as error:
        print(f"benchmarks.tables: {error}", file=sys.stderr)
        return 2
    if not given.check:
        README.write_text(new, encoding="utf-8")
        write_plot(PLOT)
        return 0
    before = places(old)
    stale = [name for name, content in contents.items() if before[name] != content]
    for name in stale:
        print(f"README.md: table {name} is out of date: python -m benchmarks.tables", file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
