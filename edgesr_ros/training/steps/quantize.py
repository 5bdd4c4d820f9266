"""The step that trains for 8 bits: a `train` step in which the network computes as its int8 file will."""

from collections.abc import Sequence

from edgesr_ros.training.converters import Converter
from edgesr_ros.training.steps.step import Run
from edgesr_ros.training.steps.train import Train
from edgesr_ros.upscaling.card import InputSize


class Quantize(Train, tag="quantize", kw_only=True):
    """How a network is trained for 8 bits (Jacob et al., CVPR 2018; Krishnamoorthi, arXiv 1806.08342)."""

    size: InputSize = InputSize(width=160, height=120)  # of the pictures that ranges are found by

    def converters(self, run: Run) -> Sequence[Converter]:
        from edgesr_ros.training.converters.quantization import FakeQuantization

        return (FakeQuantization(run.calibration_pictures(self.size)),)
