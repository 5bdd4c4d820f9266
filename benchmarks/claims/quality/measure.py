"""All shipped models and bicubic on pictures, beside published figures; and a page of crops to look at."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.claims.quality.claim import CLAIM, QualityRow, QualityRows, QualitySettings
from benchmarks.claims.quality.page import Measured, write_page
from benchmarks.peers.published import DATASET, PUBLISHED, SCALE
from edgesr_ros import resources
from edgesr_ros.defaults import default_model
from edgesr_ros.errors import InputError
from edgesr_ros.quality.distortion import PSNR_LIMIT, psnr
from edgesr_ros.quality.evaluated import EvaluatedModel
from edgesr_ros.quality.evaluation import evaluate, picture_pairs
from edgesr_ros.quality.niqe import MODEL_NAME
from edgesr_ros.upscaling.card import ModelCard, read_card

_BACKENDS = {".onnx": "onnxruntime", ".tflite": "litert"}
_ORDER = ("float32", "float16", "int8")  # of precisions in the table
_THREADS = 2


def measure(name: str, backend: str | None, data: Path, lpips_vgg: Path | None) -> Measured:
    """Measure a model file, or bicubic, on a data set.

    Raises:
        InputError: as `load_upscaler` and `evaluate`.
    """
    model = EvaluatedModel.load(name, backend, _THREADS)
    upscaler, card = model.upscaler, model.card
    pictures: list[np.ndarray] = []

    def upscale(low: np.ndarray) -> np.ndarray:
        pictures.append(model.upscale(low))
        return pictures[-1]

    found = evaluate(upscale, upscaler.scale, data, _THREADS, lpips_vgg)
    row = QualityRow(
        model=upscaler.name,
        format=card.format if card else None,
        precision=card.precision if card else None,
        tile=card.input_size if card else None,
        dataset=found.dataset,
        scale=upscaler.scale,
        psnr_y_db=found.psnr_y_db,
        ssim_y=found.ssim_y,
        lpips_alex=found.lpips_alex,
        lpips_vgg=found.lpips_vgg,
        niqe=found.niqe,
        psnr_against_float_db=_against_float(model, Path(name).parent, pictures, data),
        parameters=upscaler.parameters,
        gmac_80x60=model.gmac(),
        published=False,
        source="edgesr evaluate",
    )
    upscaler.close()
    return Measured(row, found, pictures)


def _against_float(
    model: EvaluatedModel, folder: Path, pictures: Sequence[np.ndarray], data: Path
) -> float | None:
    """Mean PSNR in dB over the pictures against the float32 ONNX model; None for that one, or without it.

    Both see the same tiles, so that only the arithmetic differs.
    """
    if (card := model.card) is None or (card.format, card.precision) == ("onnx", "float32"):
        return None
    reference = folder / f"{_base(card)}.onnx"
    if not reference.is_file():
        return None
    exact = EvaluatedModel(EvaluatedModel.load(str(reference), None, _THREADS).upscaler, card)
    pairs = zip(picture_pairs(data, card.scale), pictures, strict=True)
    found = [min(psnr(exact.upscale(low), picture), PSNR_LIMIT) for (_, low, _), picture in pairs]
    exact.upscaler.close()
    return round(float(np.mean(found)), 2)


def measure_all(
    files: Sequence[Path], data: Path, lpips_vgg: Path | None
) -> tuple[list[Measured], list[str]]:
    """Bicubic at each scale and each model file; and the files that cannot be measured here, with reasons."""
    cards = {path: read_card(path) for path in files}
    files = sorted(
        files,
        key=lambda path: (
            cards[path].scale,
            _base(cards[path]),
            path.suffix,
            _ORDER.index(cards[path].precision),
        ),
    )
    measured, skipped = [], []
    for scale in sorted({card.scale for card in cards.values()}):
        measured.append(measure(f"bicubic_x{scale}", None, data, lpips_vgg))
        for path in (path for path in files if cards[path].scale == scale):
            print(path.name, flush=True)
            try:
                measured.append(measure(str(path), _BACKENDS[path.suffix], data, lpips_vgg))
            except InputError as error:
                # No path of this machine goes into the results.
                reason = str(error).replace(f"{path.parent}/", "")
                skipped.append(f"{path.name}: {reason.removeprefix(f'{path.name}: ')}")
    return measured, skipped


def _base(card: ModelCard) -> str:
    """The name that the precisions of a model share."""
    return card.name.removesuffix(f"_{card.precision}")


def shipped() -> list[Path]:
    """The model files that have a card."""
    cards = resources.models().glob("*.json")
    return [path for card in cards if (path := card.with_suffix("")).suffix in _BACKENDS]


def published(dataset: str) -> list[QualityRow]:
    """The published figures on a data set; none on one that we know none of."""
    if dataset.lower() != DATASET:
        return []
    return [
        QualityRow(
            model=row.model,
            format=None,
            precision="int8" if row.int8 else "float32",
            tile=None,
            dataset=dataset,
            scale=SCALE,
            psnr_y_db=row.psnr_y_db,
            ssim_y=row.ssim_y,
            lpips_alex=row.lpips_alex,
            lpips_vgg=None,
            niqe=None,
            psnr_against_float_db=None,
            parameters=row.parameters,
            gmac_80x60=row.gmac_80x60,
            published=True,
            source=row.source,
        )
        for row in PUBLISHED
    ]


def main() -> int:
    """Entry point."""
    parser = CLAIM.arguments(__doc__)
    add_arguments(parser)
    return CLAIM.run(parser, _run)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare those of a claim that is about a data set."""
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="as for `edgesr evaluate`")
    parser.add_argument("--lpips-vgg", type=Path, metavar="FILE", help="as for `edgesr evaluate`")


def _run(given: argparse.Namespace) -> None:
    files = [resources.models() / f"{default_model()}.onnx"] if given.quick else shipped()
    measured, skipped = measure_all(files, given.data, given.lpips_vgg)
    for line in skipped:
        print(f"skipped: {line}", file=sys.stderr)
    rows = [found.row for found in measured]
    models = [*rows, *published(rows[0].dataset)]
    settings = QualitySettings(niqe_model=MODEL_NAME)
    if (path := CLAIM.write(given, settings, QualityRows(models=models, skipped=skipped))) is not None:
        print(write_page(path.with_suffix(".html"), measured, given.data))
