"""The step that measures what all steps before it have made, and writes it as a table: JSON and a page."""

from pathlib import Path
from typing import Annotated

import numpy as np
from msgspec import Meta

from edgesr_ros.networks import Network, count_parameters
from edgesr_ros.quality.evaluation import evaluate_pairs
from edgesr_ros.quality.niqe import MODEL_NAME
from edgesr_ros.quality.page import render
from edgesr_ros.schema import Struct, write_json, write_text
from edgesr_ros.training.export import Precision
from edgesr_ros.training.macs import macs_per_pixel
from edgesr_ros.training.patches import prepare_patches
from edgesr_ros.training.steps.step import Made, Run, Step, needed
from edgesr_ros.training.timing import exported
from edgesr_ros.training.weights import BEST, load_network, trained
from edgesr_ros.upscaling.card import InputSize
from edgesr_ros.upscaling.cpu import cpu_name
from edgesr_ros.upscaling.timing import milliseconds

Pairs = list[tuple[str, np.ndarray, np.ndarray]]  # name, small picture, original

_PRECISIONS: tuple[Precision, ...] = ("float32", "int8")


class Figures(Struct):
    """Of a network as a model file."""

    ms: float
    psnr_y_db: float
    lpips_alex: float
    niqe: float | None


class Row(Struct):
    """What a step has made."""

    step: str  # `start`, or its folder's name
    parameters: int
    macs_per_pixel: int
    figures: dict[Precision, Figures]


class Results(Struct):
    """A table of a recipe's steps."""

    recipe: str
    cpu: str
    threads: int
    size: InputSize  # that was timed
    pictures: int  # held out of the photographs
    niqe_model: str
    rows: list[Row]


class Table(Step, tag="table", kw_only=True):
    """Measures the weights of each step on the photographs held out, in float32 and int8 by onnxruntime."""

    size: InputSize = InputSize(width=160, height=120)  # of the small picture that is timed
    threads: Annotated[int, Meta(ge=1)] = 2

    def run(self, run: Run, weights: Path | None, folder: Path, parents: dict[str, str]) -> Made:  # noqa: ARG002
        weights = needed(weights, "table")
        scale = run.recipe.scale
        held_out = prepare_patches(run.data, run.recipe.patches, scale, run.work / "patches").validation
        pairs = [(str(number), low, high) for number, (low, high) in enumerate(held_out, 1)]
        calibration = run.calibration_pictures(self.size)
        results = Results(
            recipe=run.name,
            cpu=cpu_name(),
            threads=self.threads,
            size=self.size,
            pictures=len(pairs),
            niqe_model=MODEL_NAME,
            rows=[
                self._row(name, load_network(path), pairs, calibration)
                for name, path in _made_before(run, folder)
            ],
        )
        files = folder / "table.json", folder / "table.html"
        write_json(files[0], results)
        write_text(files[1], render("edgesr_ros.training", "table.html.jinja", r=results))
        return Made(weights, files, (f"{len(results.rows)} networks measured: {files[1]}",))

    def _row(self, name: str, network: Network, pairs: Pairs, calibration: list[np.ndarray]) -> Row:
        figures: dict[Precision, Figures] = {}
        for precision in _PRECISIONS:
            with exported(
                network, "onnxruntime", precision, self.size, self.threads, calibration
            ) as upscaler:
                scores = evaluate_pairs(upscaler.upscale, upscaler.scale, "held out", pairs, self.threads)
                figures[precision] = Figures(
                    ms=round(milliseconds(upscaler, calibration[0]), 2),
                    psnr_y_db=scores.psnr_y_db,
                    lpips_alex=scores.lpips_alex,
                    niqe=scores.niqe,
                )
        return Row(
            step=name,
            parameters=count_parameters(network),
            macs_per_pixel=macs_per_pixel(network),
            figures=figures,
        )


def _made_before(run: Run, folder: Path) -> list[tuple[str, Path]]:
    """Name and weights of what the recipe started from, and of each step before the one with that folder."""
    made = [("start", trained(run.work, run.recipe.start))] if run.recipe.start else []
    for number, step in enumerate(run.recipe.steps, 1):
        if run.folder(number) == folder:
            break
        path = run.folder(number) / BEST
        if path.is_file():
            made.append((f"{number}_{step.__struct_config__.tag}", path))
    return made
