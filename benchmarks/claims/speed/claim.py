"""The figures of speed: contenders, what the machine could do, our networks beside others, and the goals."""

from benchmarks.claims.speed.ceiling import CeilingRow
from benchmarks.harness.claim import Claim
from benchmarks.harness.evidence import Result
from benchmarks.harness.goals import Goal, least
from benchmarks.harness.markdown import number, table
from edgesr_ros.schema import Struct
from edgesr_ros.upscaling.speed import NotMeasured, Precision, SpeedRow, by_reason

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
_INT8, _TINY_INT8 = "edgesrgan_x4_int8", "edgesrgan_tiny_x4_int8"
_RATIOS = (  # ours, how many times as fast as whom it has to be, and on which frames; None: on all
    (_INT8, _FULL, 3.2, None),
    (_INT8, "srgan", 17, None),
    (_INT8, "swiftsrgan", 4, None),
    (_INT8, "animevideov3", 3, None),
    (_TINY_INT8, _FULL, 13.8, _SHOWN),
)
_RATES = ((_TINY_INT8, 110), (_INT8, 25))  # frames per second of `_SHOWN`


class SpeedSettings(Struct):
    """What all contenders have in common."""

    threads: int
    peers: list[str]  # models that are somebody else's


class SpeedRows(Struct):
    """What is found of contenders, and of the machine."""

    contenders: list[SpeedRow]
    ceilings: list[CeilingRow]
    not_measured: list[NotMeasured]
    missing: list[str]  # of others' networks, and why


SpeedResult = Result[SpeedSettings, SpeedRows]


class Found:
    """Look-up of what was measured."""

    def __init__(self, result: SpeedResult) -> None:
        self._rows = {(row.model, row.backend, row.input): row for row in result.rows.contenders}
        self._ceilings = {(row.precision, row.input): row for row in result.rows.ceilings if row.input}

    def row(self, model: str, size: str, backend: str = _BACKEND) -> SpeedRow | None:
        return self._rows.get((model, backend, size))

    def fastest(self, model: str, size: str) -> str:
        """The backend that `backend: auto` would take."""
        rows = [row for row in self._rows.values() if (row.model, row.input) == (model, size)]
        return max(rows, key=lambda row: row.fps).backend if rows else _BACKEND

    def ratio(self, model: str, backend: str, other: str, size: str) -> float | None:
        """How many times as fast a model is as another one on onnxruntime."""
        mine, its = self.row(model, size, backend), self.row(other, size)
        return mine.fps / its.fps if mine and its else None

    def of_ceiling(self, row: SpeedRow | None) -> float | None:
        """What share of the machine's multiply-accumulates a network makes use of."""
        if row is None or row.gmac is None or (row.backend, row.precision) == ("openvino", "float32"):
            return None  # OpenVINO computes float32 networks in bfloat16 where it can
        precision: Precision = "int8" if row.precision == "int8" else "float32"
        ceiling = self._ceilings.get((precision, row.input))
        return 1e3 * row.gmac / row.ms_median / ceiling.gmac_per_s if ceiling else None


def speed_table(result: SpeedResult) -> str:
    """A line for each contender, the fastest first; and what the ceiling is."""
    found = Found(result)
    inputs = inputs_of(result)
    contenders: dict[tuple[str, str], dict[str, SpeedRow]] = {}
    for row in result.rows.contenders:
        contenders.setdefault((row.model, row.backend), {})[row.input] = row
    shown = _shown(inputs)

    def speed(rows: dict[str, SpeedRow]) -> float:
        return rows[shown].fps if shown in rows else 0.0

    lines = []
    for (model, backend), rows in sorted(contenders.items(), key=lambda item: -speed(item[1])):
        name = _OTHERS.get(model, model) if model in result.settings.peers else f"`{model}`"
        cells = [_cell(rows.get(size)) for size in inputs]
        lines.append([name, backend, *cells, _percent(found.of_ceiling(rows.get(shown)))])
    head = ("", "on", *inputs, f"of the ceiling, {shown}")
    said = [
        f"Frames per second by the median, and p95 in ms; {result.settings.threads} threads.",
        table(head, lines),
        _ceiling_said(result, shown),
    ]
    failed = [
        f"{', '.join(names)} ({reason})" for reason, names in by_reason(result.rows.not_measured).items()
    ]
    if failed or result.rows.missing:
        said.append(f"Not measured: {'; '.join((*failed, *result.rows.missing))}.")
    return "\n\n".join(said)


def ratio_table(result: SpeedResult) -> str:
    """Our networks beside others and beside the machine."""
    found = Found(result)
    inputs = inputs_of(result)
    shown = _shown(inputs)

    def of_ceiling(model: str, backend: str) -> list[str]:
        return [_percent(found.of_ceiling(found.row(model, size, backend))) for size in inputs]

    lines = []
    for model, other, *_ in _RATIOS:
        backend = found.fastest(model, shown)
        name = f"`{model}` on {backend} : {_name(other)}"
        lines.append([name, *(number(found.ratio(model, backend, other, size), 1) for size in inputs)])
    backend = found.fastest(_INT8, shown)
    lines.append([f"`{_FULL}`, of the ceiling", *of_ceiling(_FULL, _BACKEND)])
    lines.append([f"`{_INT8}` on {backend}, of the ceiling", *of_ceiling(_INT8, backend)])
    return table(("frames per second, ratio", *inputs), lines)


def inputs_of(result: SpeedResult) -> list[str]:
    """Sizes of frames, in their order."""
    return list(dict.fromkeys(row.input for row in result.rows.contenders))


def _name(model: str) -> str:
    return _OTHERS.get(model, f"`{model}`")


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
    at_input = [row for row in result.rows.ceilings if row.input == shown]
    alone = [row for row in result.rows.ceilings if row.input is None]
    layers = [row for row in alone if (row.shape, row.library) == (alone[-1].shape, _BACKEND)]
    best = ", ".join(
        f"{row.precision} {number(row.gmac_per_s, 0)} GMAC/s ({row.shape}, {row.library})" for row in at_input
    )
    reached = " and ".join(f"{row.precision} {number(row.gmac_per_s, 0)}" for row in layers)
    return (
        f"The ceiling is the fastest product of matrices that was found, in turn with the networks: {best}. "
        f"The product that a layer of EdgeSRGAN comes to ({alone[-1].shape}) reaches {reached}."
    )


def _tables(result: SpeedResult) -> str:
    said = "Int8 stands on its fastest backend, others and float32 on onnxruntime."
    return "\n\n".join((speed_table(result), said, ratio_table(result)))


def _ratio_goal(
    model: str, other: str, bound: float, size: str | None, *, fastest: bool
) -> Goal[SpeedResult]:
    def measured(result: SpeedResult) -> float | None:
        found, inputs = Found(result), [size] if size else inputs_of(result)
        backend = found.fastest(model, _shown(inputs)) if fastest else _BACKEND
        return least(found.ratio(model, backend, other, one) for one in inputs)

    runtime = "the fastest backend" if fastest else _BACKEND
    sizes = f"at {size}" if size else "the least at any size"
    name = f"`{model}` on {runtime} : {_name(other)}, {sizes}"
    return Goal(name, "≥", bound, "", measured, digits=2)


def _rate_goal(model: str, bound: float) -> Goal[SpeedResult]:
    def measured(result: SpeedResult) -> float | None:
        row = Found(result).row(model, _SHOWN)
        return row.fps if row else None

    name = f"`{model}` on {_BACKEND} at {_SHOWN}, frames per second"
    return Goal(name, "≥", bound, "", measured)


def _ceiling_goal(model: str, bound: float, fastest: bool) -> Goal[SpeedResult]:
    def measured(result: SpeedResult) -> float | None:
        found, inputs = Found(result), inputs_of(result)
        backend = found.fastest(model, _shown(inputs)) if fastest else _BACKEND
        shares = [found.of_ceiling(found.row(model, size, backend)) for size in inputs]
        return least(None if share is None else 100 * share for share in shares)

    runtime = "the fastest backend" if fastest else _BACKEND
    return Goal(
        f"`{model}` on {runtime}, of the ceiling, the least at any size", "≥", bound, "%", measured, 1
    )


GOALS = (
    *(_ratio_goal(*given, fastest=fastest) for fastest in (True, False) for given in _RATIOS),
    *(_rate_goal(*given) for given in _RATES),
    _ceiling_goal(_FULL, 85, fastest=False),
    _ceiling_goal(_INT8, 70, fastest=True),
)

CLAIM = Claim(
    name="speed",
    title="How fast",
    about=(
        "The script gives each contender a process of its own and lets all take turns, so that what slows "
        "the machine slows all alike. Others' networks are their definitions with random weights on the "
        "same runtime; OpenCV's enlarge luma alone; OpenVINO computes float networks in bfloat16 where the "
        "processor has it. `edgesr bench --quick` measures what is shipped on your machine in under a "
        "minute.\n\n"
        "![LPIPS over frames per second](speed.svg)"
    ),
    reading=(
        "A line is a contender, a column a size of the small frame; in the second table, how many times as "
        "fast one is as another."
    ),
    result=SpeedResult,
    table=_tables,
    goals=GOALS,
)
