"""The figures of quality: what a row is, the table, and the goals."""

from collections.abc import Callable, Iterator
from typing import Literal

from benchmarks.harness.claim import Claim
from benchmarks.harness.evidence import Result
from benchmarks.harness.goals import Goal, least, most
from benchmarks.harness.markdown import number, table
from edgesr_ros.schema import Struct
from edgesr_ros.upscaling.card import InputSize

# Of each figure: what it is called, its digits, whether less is better.
FIGURES = {
    "psnr_y_db": ("PSNR-Y", 2, False),
    "ssim_y": ("SSIM-Y", 3, False),
    "lpips_alex": ("LPIPS", 3, True),
    "lpips_vgg": ("LPIPS-vgg", 3, True),
    "niqe": ("NIQE", 2, True),
}
FIGURES_HEAD = tuple(f"{name} {'↓' if less else '↑'}" for name, _, less in FIGURES.values())


Format = Literal["onnx", "tflite"]


class QualitySettings(Struct):
    """What all figures have in common."""

    niqe_model: str


class QualityRow(Struct):
    """A model file on a data set; null: not stated, or not measured."""

    model: str
    format: Format | None
    precision: Literal["float32", "float16", "int8"] | None
    tile: InputSize | None  # in tiles of what size it was measured; null: whole pictures
    dataset: str
    scale: int
    psnr_y_db: float | None
    ssim_y: float | None
    lpips_alex: float | None
    lpips_vgg: float | None
    niqe: float | None
    psnr_against_float_db: float | None  # of RGB, against the float32 ONNX model of the same weights
    parameters: int | None
    gmac_80x60: float | None  # 10^9 multiply-accumulates for an 80x60 picture
    published: bool  # somebody else's figures; else measured here
    source: str


class QualityRows(Struct):
    """What is found of models."""

    models: list[QualityRow]
    skipped: list[str]  # model files that could not be measured, and why


QualityResult = Result[QualitySettings, QualityRows]


def figures_cells(row: Struct) -> list[str]:
    """The cells below `FIGURES_HEAD`, of a row that has these figures."""
    return [number(getattr(row, field), digits) for field, (_, digits, _) in FIGURES.items()]


def quality_table(result: QualityResult) -> str:
    """Models on a data set, ours first, then the published ones; and where bicubic is better than ours."""
    rows = []
    for row in sorted(result.rows.models, key=lambda row: row.published):
        name = f"{row.model}, published ({row.source})" if row.published else f"`{row.model}`"
        if row.format == "tflite":
            name += " TFLite"
        against = number(row.psnr_against_float_db, 1)
        rows.append(
            [name, number(row.parameters, 0), number(row.gmac_80x60, 3), *figures_cells(row), against]
        )
    whole = table(["", "parameters", "GMAC at 80x60", *FIGURES_HEAD, "dB against float"], rows)
    skipped = "".join(f"\n\nNot measured: {line}." for line in result.rows.skipped)
    return f"{whole}\n\n{_where_bicubic_wins(result.rows.models)}{skipped}"


def _where_bicubic_wins(rows: list[QualityRow]) -> str:
    ours = [row for row in rows if not row.published]
    bicubic = {row.scale: row for row in ours if row.format is None}

    def wins(row: QualityRow, field: str) -> bool:
        mine, other = getattr(row, field), getattr(bicubic[row.scale], field)
        if mine is None or other is None:
            return False
        return other < mine if FIGURES[field][2] else other > mine

    found = {
        name: sorted({f"`{row.model}`" for row in ours if wins(row, field)})
        for field, (name, _, _) in FIGURES.items()
    }
    said = [f"in {name} than {', '.join(models)}" for name, models in found.items() if models]
    return f"Bicubic is better {'; '.join(said)}." if said else "Bicubic is better in none of them."


def row_of(result: QualityResult, model: str, form: Format | None = "onnx") -> QualityRow | None:
    """The row of a model of ours, or of bicubic (no format); None where it was not measured."""
    rows = (row for row in result.rows.models if not row.published)
    return next((row for row in rows if (row.model, row.format) == (model, form)), None)


def _int8(result: QualityResult, form: Format) -> Iterator[tuple[QualityRow, QualityRow | None]]:
    """Our int8 files of a format, and the float32 ONNX file of each."""
    for row in result.rows.models:
        if not row.published and (row.format, row.precision) == (form, "int8"):
            yield row, row_of(result, row.model.removesuffix("_int8"))


def _lost(row: QualityRow, exact: QualityRow | None) -> float | None:
    """By how much the LPIPS of an int8 file is above that of its float32 one."""
    if exact is None or row.lpips_alex is None or exact.lpips_alex is None:
        return None
    return row.lpips_alex - exact.lpips_alex


def _of_model(model: str, field: str) -> Callable[[QualityResult], float | None]:
    return lambda result: getattr(row_of(result, model), field, None)


_LPIPS: tuple[tuple[str, str, float], ...] = (
    ("edgesrgan_x4", "", 0.105),
    ("edgesrgan_x4", ", aimed at", 0.090),
    ("edgesrgan_tiny_x4", "", 0.130),
    ("edgesrgan_tiny_x4", ", aimed at", 0.112),
)
_PSNR_Y: tuple[tuple[str, float], ...] = (
    ("edgesrgan_x4", 29.0),
    ("edgesrgan_tiny_x4", 28.5),
    ("edgesrgan_x4_psnr", 31.4),
    ("edgesrgan_tiny_x4_psnr", 30.8),
)
_INT8: tuple[tuple[Format, str, float, float], ...] = (  # LPIPS that may be lost, dB against float32
    ("onnx", "ONNX", 0.005, 40),
    ("tflite", "TFLite", 0.015, 39),
)


def _int8_goals(form: Format, name: str, lost: float, db: float) -> Iterator[Goal[QualityResult]]:
    yield Goal(
        f"LPIPS of int8 {name} above float32, the most of any",
        "≤",
        lost,
        "",
        lambda result: most(_lost(*pair) for pair in _int8(result, form)),
        digits=4,
    )
    yield Goal(
        f"int8 {name} against float32, the least of any",
        "≥",
        db,
        "dB",
        lambda result: least(row.psnr_against_float_db for row, _ in _int8(result, form)),
        digits=1,
    )


GOALS: tuple[Goal[QualityResult], ...] = (
    *(
        Goal(f"LPIPS of `{model}`{what}", "≤", bound, "", _of_model(model, "lpips_alex"), 4)
        for model, what, bound in _LPIPS
    ),
    *(
        Goal(f"PSNR-Y of `{model}`", "≥", bound, "dB", _of_model(model, "psnr_y_db"), 2)
        for model, bound in _PSNR_Y
    ),
    *(goal for given in _INT8 for goal in _int8_goals(*given)),
)

CLAIM = Claim(
    name="quality",
    title="Quality, Set5",
    about=(
        "`_psnr` networks were trained on pixels alone: faithful and soft. Those without a suffix went on "
        "against a discriminator and perceptual features: sharper, nearer to how the original looks "
        "(LPIPS), and with detail that is made up. `_link` networks, the default, were trained on frames as "
        "the onboard node sends them; here, on clean pictures, they are at a disadvantage. `_int8` are the "
        "fast ones. LPIPS (AlexNet) was no training loss of any of them. NIQE looks at a picture without "
        "its original. A page of crops: `benchmarks/results/quality.html`."
    ),
    reading="A line is a model file, or a published figure; ↑: more is better, ↓: less is.",
    result=QualityResult,
    table=quality_table,
    goals=GOALS,
)
