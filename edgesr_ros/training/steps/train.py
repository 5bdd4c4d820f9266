"""The step that trains: how long, how fast and by which losses."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta

from edgesr_ros.schema import Struct
from edgesr_ros.training.converters import Converter
from edgesr_ros.training.patches import prepare_patches
from edgesr_ros.training.steps.step import Made, Run, Step
from edgesr_ros.training.terms import AnyTerm
from edgesr_ros.training.terms.pixels import PixelRecipe

Positive = Annotated[int, Meta(ge=1)]
Rate = Annotated[float, Meta(gt=0)]


class Phase(Struct):
    """A part of the run: the learning rate falls along half a cosine, or stands still."""

    steps: Positive
    learning_rate: Rate
    shape: Literal["cosine", "constant"] = "cosine"


class Train(Step, tag="train"):
    """How a network is trained (arXiv 2209.03355, sections 3.2, 3.3 and 4.1)."""

    # One after the other; a new cosine is a warm restart (arXiv 1608.03983).
    schedule: Annotated[tuple[Phase, ...], Meta(min_length=1)]
    terms: Annotated[tuple[AnyTerm, ...], Meta(min_length=1)] = (PixelRecipe(),)  # of the loss
    best_by: Literal["psnr_y", "lpips_alex"] = "psnr_y"  # over the photographs held out
    warmup_steps: Positive = 500
    batch: Positive = 16
    ema_decay: Annotated[float, Meta(ge=0, lt=1)] = 0.999
    clip_norm: Rate = 1.0
    bf16: bool = True
    compile: bool = False  # torch.compile: faster, needs a C++ compiler
    validate_every: Positive = 1000

    @property
    def steps(self) -> int:
        """Of all phases together."""
        return sum(phase.steps for phase in self.schedule)

    @property
    def parents(self) -> tuple[str, ...]:
        return tuple(parent for term in self.terms for parent in term.parents)

    @property
    def together(self) -> bool:
        return True

    def phase_at(self, step: int) -> tuple[int, int]:
        """The number of the phase in force at a step, from 1, and the step at which it began."""
        begin = 0
        for number, phase in enumerate(self.schedule[:-1], 1):
            if step < begin + phase.steps:
                return number, begin
            begin += phase.steps
        return len(self.schedule), begin

    def learning_rate(self, step: int) -> float:
        """Linear warm-up, then phase by phase."""
        number, begin = self.phase_at(step)
        phase = self.schedule[number - 1]
        if phase.shape == "constant":
            rate = phase.learning_rate
        else:
            first = begin or self.warmup_steps
            done = (step - first) / max(1, begin + phase.steps - first)
            rate = phase.learning_rate * 0.5 * (1 + math.cos(math.pi * min(1.0, max(0.0, done))))
        return rate * min(1.0, (step + 1) / self.warmup_steps)

    def converters(self, run: Run) -> Sequence[Converter]:  # noqa: ARG002 - for steps that do something
        """What is done to the network for as long as it trains; a step that does something says so here."""
        return ()

    def run(self, run: Run, weights: Path | None, folder: Path, parents: dict[str, str]) -> Made:
        from edgesr_ros.training.trainer import BEST, Trainer

        with run.ranks.first_alone():
            patches = prepare_patches(run.data, run.recipe.patches, run.recipe.scale, run.work / "patches")
        facts = run.facts(weights, parents, self.steps)
        trainer = Trainer(self, run, patches, folder, facts, weights)
        said = f"best validation {self.best_by} {trainer.run():.4g}: {folder / BEST}"
        return Made(folder / BEST, (folder / BEST,), (said,))
