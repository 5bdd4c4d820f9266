"""The figures of speed as Markdown: contenders, what the machine could do, and our networks beside others."""

from benchmarks.harness.evidence import SpeedResult
from benchmarks.harness.markdown import number, table
from edgesr_ros.upscaling.speed import Precision, SpeedRow, by_reason

_OTHERS = {
    "srgan": "SRGAN-16",
    "swiftsrgan": "SwiftSRGAN",
    "tpsr": "TPSR",
    "esrgan": "ESRGAN (RRDB-23)",
    "animevideov3": "Real-ESRGAN animevideov3",
}
_BACKEND = "onnxruntime"  # of others' networks, and of ours in float32, in the ratios; int8 has its fastest
_SHOWN = "160x120"  # the input that contenders are ordered by
_FULL = "edgesrgan_x4"
_TINY = "edgesrgan_tiny_x4"


class _Found:
    """Look-up of what was measured."""

    def __init__(self, result: SpeedResult) -> None:
        self._rows = {(row.model, row.backend, row.input): row for row in result.rows}
        self._ceilings = {(row.precision, row.input): row for row in result.ceilings if row.input}

    def row(self, model: str, size: str, backend: str = _BACKEND) -> SpeedRow | None:
        return self._rows.get((model, backend, size))

    def fastest(self, model: str, size: str) -> str:
        """The backend that `backend: auto` would take."""
        rows = [row for row in self._rows.values() if (row.model, row.input) == (model, size)]
        return max(rows, key=lambda row: row.fps).backend if rows else _BACKEND

    def of_ceiling(self, row: SpeedRow | None) -> float | None:
        """What share of the machine's multiply-accumulates a network makes use of."""
        if row is None or row.gmac is None or (row.backend, row.precision) == ("openvino", "float32"):
            return None  # OpenVINO computes float32 networks in bfloat16 where it can
        precision: Precision = "int8" if row.precision == "int8" else "float32"
        ceiling = self._ceilings.get((precision, row.input))
        return 1e3 * row.gmac / row.ms_median / ceiling.gmac_per_s if ceiling else None


def speed_table(result: SpeedResult) -> str:
    """A line for each contender, the fastest first; and what the ceiling is."""
    found = _Found(result)
    inputs = list(dict.fromkeys(row.input for row in result.rows))
    contenders: dict[tuple[str, str], dict[str, SpeedRow]] = {}
    for row in result.rows:
        contenders.setdefault((row.model, row.backend), {})[row.input] = row
    shown = _shown(inputs)

    def speed(rows: dict[str, SpeedRow]) -> float:
        return rows[shown].fps if shown in rows else 0.0

    lines = []
    for (model, backend), rows in sorted(contenders.items(), key=lambda item: -speed(item[1])):
        name = _OTHERS.get(model, model) if model in result.peers else f"`{model}`"
        cells = [_cell(rows.get(size)) for size in inputs]
        lines.append([name, backend, *cells, _percent(found.of_ceiling(rows.get(shown)))])
    head = ("", "on", *inputs, f"of the ceiling, {shown}")
    said = [
        f"Frames per second by the median, and p95 in ms; {result.threads} threads, {result.machine}.",
        table(head, lines),
        _ceiling_said(result, shown),
    ]
    failed = [f"{', '.join(names)} ({reason})" for reason, names in by_reason(result.not_measured).items()]
    if failed or result.missing:
        said.append(f"Not measured: {'; '.join((*failed, *result.missing))}.")
    return "\n\n".join(said)


def ratio_table(result: SpeedResult) -> str:
    """Our networks beside others and beside the machine, a line for each goal."""
    found = _Found(result)
    inputs = list(dict.fromkeys(row.input for row in result.rows))
    shown = _shown(inputs)

    def times(model: str, backend: str, other: str) -> list[float | None]:
        pairs = [(found.row(model, size, backend), found.row(other, size)) for size in inputs]
        return [mine.fps / its.fps if mine and its else None for mine, its in pairs]

    def of_ceiling(model: str, backend: str) -> list[str]:
        return [_percent(found.of_ceiling(found.row(model, size, backend))) for size in inputs]

    int8, tiny = f"{_FULL}_int8", f"{_TINY}_int8"
    lines = []
    for model, other, goal in (
        (int8, _FULL, "≥ 3.2"),
        (int8, "srgan", "≥ 17"),
        (int8, "swiftsrgan", "≥ 4"),
        (int8, "animevideov3", "≥ 3"),
        (tiny, _FULL, f"≥ 13.8 at {_SHOWN}"),
    ):
        backend = found.fastest(model, shown)
        name = f"`{model}` on {backend} : {_OTHERS.get(other, f'`{other}`')}"
        lines.append([name, *(number(ratio, 1) for ratio in times(model, backend, other)), goal])
    backend = found.fastest(int8, shown)
    lines.append([f"`{_FULL}`, of the ceiling", *of_ceiling(_FULL, _BACKEND), "≥ 85%"])
    lines.append([f"`{int8}` on {backend}, of the ceiling", *of_ceiling(int8, backend), "≥ 70%"])
    return table(("frames per second, ratio", *inputs, "goal"), lines)


def _shown(inputs: list[str]) -> str:
    return _SHOWN if _SHOWN in inputs else inputs[-1]


def _cell(row: SpeedRow | None) -> str:
    if row is None:
        return "–"
    return f"{number(row.fps, 0 if row.fps >= 20 else 1)} ({number(row.ms_p95, 1)})"


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{share:.0%}"


def _ceiling_said(result: SpeedResult, shown: str) -> str:
    """What the ceilings were, beside the product that the networks are made of, the last of the shapes."""
    at_input = [row for row in result.ceilings if row.input == shown]
    alone = [row for row in result.ceilings if row.input is None]
    layers = [row for row in alone if (row.shape, row.library) == (alone[-1].shape, _BACKEND)]
    best = ", ".join(
        f"{row.precision} {number(row.gmac_per_s, 0)} GMAC/s ({row.shape}, {row.library})" for row in at_input
    )
    reached = " and ".join(f"{row.precision} {number(row.gmac_per_s, 0)}" for row in layers)
    return (
        f"The ceiling is the fastest product of matrices that was found, in turn with the networks: {best}. "
        f"The product that a layer of EdgeSRGAN comes to ({alone[-1].shape}) reaches {reached}."
    )
