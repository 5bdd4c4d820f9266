"""Judging a network while it trains: scores, log and sample sheets of photographs that were held out."""

import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
from torch import nn
from torch.utils.tensorboard import SummaryWriter

from edgesr_ros.errors import InputError
from edgesr_ros.frames.resize import enlarge_bicubic
from edgesr_ros.quality.distortion import psnr_y
from edgesr_ros.quality.lpips import Lpips
from edgesr_ros.training.degradation import Pair
from edgesr_ros.training.inference import upscale

Score = Literal["psnr_y", "lpips_alex"]

_SAMPLES = 4  # rows of a sample sheet
_SAMPLE_SIDE = 192  # pixels


class DivergedError(InputError):
    """A training has come to nothing: other settings may do better."""


class Validation:
    """Scores of a network over (low, high) pairs of photographs, written to TensorBoard.

    Args:
        best_by: the score that chooses the best weights.
        scale: of the network.
        pairs: the photographs held out.
        folder: of the log and the samples.
        step: where the training goes on: what a killed run logged beyond it is dropped.

    Each run leaves a sheet of samples in FOLDER/samples: bicubic, network, original.
    """

    def __init__(self, best_by: Score, scale: int, pairs: list[Pair], folder: Path, step: int = 0) -> None:
        self._best_by, self._scale, self._pairs, self._folder = best_by, scale, pairs, folder
        self._log = SummaryWriter(str(folder), purge_step=step)
        self._lpips = Lpips() if best_by == "lpips_alex" else None

    @property
    def fingerprint(self) -> int:
        """Of the pictures: only scores over the same ones can be compared."""
        value = 0
        for picture in (picture for pair in self._pairs for picture in pair):
            value = zlib.crc32(picture.tobytes(), value)
        return value

    def run(self, network: nn.Module, step: int, losses: dict[str, float]) -> dict[str, float]:
        """Score and log the network; returns `psnr_y` in dB and, where it decides, `lpips_alex`."""
        pictures = self._enlarged_by(network)
        scores = self._scores(pictures)
        for group, values in (("loss", losses), ("validation", scores)):
            for name, value in values.items():
                self._log.add_scalar(f"{group}/{name}", value, step)
        sheet = self._sample_sheet(pictures)
        self._log.add_image("samples", sheet, step, dataformats="HWC")
        path = self._folder / "samples" / f"step_{step:06}.webp"
        path.parent.mkdir(exist_ok=True)
        cv2.imwrite(str(path), sheet[..., ::-1])
        return scores

    def goodness_of(self, network: nn.Module) -> float:
        """As `goodness`, of a network that is not to be logged."""
        return self.goodness(self._scores(self._enlarged_by(network)))

    def goodness(self, scores: dict[str, float]) -> float:
        """The score that chooses the best weights, so that more is better."""
        return -scores["lpips_alex"] if self._best_by == "lpips_alex" else scores["psnr_y"]

    def close(self) -> None:
        """Finish the log."""
        self._log.close()

    def _enlarged_by(self, network: nn.Module) -> list[np.ndarray]:
        return [upscale(network, low) for low, _ in self._pairs]

    def _scores(self, pictures: list[np.ndarray]) -> dict[str, float]:
        judged = [(picture, high) for picture, (_, high) in zip(pictures, self._pairs, strict=True)]
        scores = {"psnr_y": _mean(psnr_y(*pair, self._scale) for pair in judged)}
        if self._lpips:
            scores["lpips_alex"] = _mean(self._lpips(*pair) for pair in judged)
        return scores

    def _sample_sheet(self, pictures: list[np.ndarray]) -> np.ndarray:
        rows = []
        for (low, high), picture in list(zip(self._pairs, pictures, strict=True))[:_SAMPLES]:
            top, left = (max(0, (length - _SAMPLE_SIDE) // 2) for length in high.shape[:2])
            columns = (enlarge_bicubic(low, self._scale), picture, high)
            rows.append(np.hstack([c[top : top + _SAMPLE_SIDE, left : left + _SAMPLE_SIDE] for c in columns]))
        width = min(row.shape[1] for row in rows)
        return np.ascontiguousarray(np.vstack([row[:, :width] for row in rows]))


def _mean(values: Iterable[float]) -> float:
    return float(np.mean(list(values)))
