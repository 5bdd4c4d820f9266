"""The page of crops: what the figures of the quality benchmark look like."""

import base64
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from benchmarks.claims.quality.claim import QualityRow
from edgesr_ros.codecs.stills import encode
from edgesr_ros.quality.evaluation import EvaluationRow, picture_pairs
from edgesr_ros.quality.page import render
from edgesr_ros.quality.strip import detailed_region
from edgesr_ros.schema import write_text

SCALE = 4  # of the models that are shown
_CROP = (72, 96)  # rows, columns of the original
_QUALITY = 90  # of WebP: nothing that a network draws is lost
_ALIKE = 50.0  # dB against the float32 model: more cannot be told apart by eye


class Measured(NamedTuple):
    """A row of the table, what it is made of, and the pictures."""

    row: QualityRow
    evaluation: EvaluationRow
    pictures: list[np.ndarray]


class Panel(NamedTuple):
    """A crop and what stands below it; figures are those of the whole picture."""

    label: str
    image: str  # WebP as base64
    psnr_y_db: float | None = None
    lpips_alex: float | None = None


class Picture(NamedTuple):
    """A picture of the data set by all methods."""

    name: str
    panels: list[Panel]


def write_page(path: Path, measured: Sequence[Measured], data: Path) -> Path:
    """Write one self-contained page about the models of scale 4; returns its path."""
    at_scale = [found for found in measured if found.row.scale == SCALE]
    shown = [found for found in at_scale if (found.row.psnr_against_float_db or 0.0) < _ALIKE]
    page = render(
        __package__,
        "page.html.jinja",
        dataset=shown[0].row.dataset,
        scale=SCALE,
        crop=f"{_CROP[1]}x{_CROP[0]}",
        pictures=[
            _picture(index, name, low, high, shown)
            for index, (name, low, high) in enumerate(picture_pairs(data, SCALE))
        ],
        alike=_ALIKE,
        left_out=[label(found.row) for found in at_scale if found not in shown],
    )
    write_text(path, page)
    return path


def label(row: QualityRow) -> str:
    """What a row is called, with the format where it is not ONNX."""
    return f"{row.model} (TFLite)" if row.format == "tflite" else row.model


def _picture(
    index: int, name: str, low: np.ndarray, high: np.ndarray, measured: Sequence[Measured]
) -> Picture:
    top, left, bottom, right = detailed_region(
        high, *(min(a, b) for a, b in zip(_CROP, high.shape, strict=False))
    )

    def crop(picture: np.ndarray) -> str:
        part = np.ascontiguousarray(picture[top:bottom, left:right])
        return base64.b64encode(encode(part, "webp", _QUALITY)).decode()

    nearest = cv2.resize(low, (high.shape[1], high.shape[0]), interpolation=cv2.INTER_NEAREST)
    panels = [
        Panel("original", crop(high)),
        Panel(f"low-resolution, {low.shape[1]}x{low.shape[0]}", crop(nearest)),
    ]
    for found in measured:
        scores = found.evaluation.images[index]
        picture = found.pictures[index]
        panels.append(Panel(label(found.row), crop(picture), scores.psnr_y_db, scores.lpips_alex))
    return Picture(Path(name).stem, panels)
