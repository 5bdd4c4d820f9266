"""A recipe: everything that decides what a training run makes, in one small YAML file."""

from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta

from edgesr_ros.schema import Struct, read_yaml

Positive = Annotated[int, Meta(ge=1)]
Rate = Annotated[float, Meta(gt=0)]
Weight = Annotated[float, Meta(ge=0)]


class PatchRecipe(Struct):
    """How training patches are cut from photographs."""

    size: Positive = 96  # side of the high-resolution patch, pixels
    stride: Positive = 48  # one patch for each stride x stride cell of each photograph
    # Also cut from photographs reduced by these factors.
    reductions: tuple[Annotated[float, Meta(gt=0, le=1)], ...] = (1.0,)
    # How low-resolution pictures are made: as in the papers, or as the onboard node sends them.
    degradation: Literal["bicubic", "link"] = "bicubic"
    variants: Positive = 1  # times that each photograph is degraded anew, where that is random
    validation_every: Annotated[int, Meta(ge=2)] = 40  # each n-th photograph validates instead


class Phase(Struct):
    """A part of the run: the learning rate falls along half a cosine, or stands still."""

    steps: Positive
    learning_rate: Rate
    shape: Literal["cosine", "constant"] = "cosine"
    # Of the pixels. The absolute error learns faster; PSNR, a squared one, gains by it at the end.
    distance: Literal["l1", "l2"] = "l1"


class PerceptualRecipe(Struct):
    """Distance of features of a network that was trained on ImageNet."""

    network: Literal["vgg16", "mobilenet_v2"] = "vgg16"
    distance: Literal["features", "lpips"] = "features"  # L1 of one group, or LPIPS over all up to it
    group: Annotated[int, Meta(ge=1, le=5)] = 5  # of convolutions between two reductions of size
    weight: Weight = 1.0


class AdversarialRecipe(Struct):
    """A discriminator, trained along."""

    discriminator: Literal["edgesrgan", "edgesrgan_tiny", "patch"]
    weight: Weight = 1e-3


class DistillationRecipe(Struct):
    """A larger network that is imitated."""

    teacher: str  # the recipe that it was trained by
    network: str = "edgesrgan"  # what it is
    weight: Weight = 1.0
    output_weight: Weight = 0.1  # λ: of the outputs against the features' affinity


class Recipe(Struct):
    """One network and how it is trained (arXiv 2209.03355, sections 3.2, 3.3 and 4.1)."""

    network: str
    scale: Literal[2, 4, 8]
    # One after the other; a new cosine is a warm restart (arXiv 1608.03983).
    schedule: Annotated[tuple[Phase, ...], Meta(min_length=1)]
    start: str | None = None  # the recipe whose best weights are the first ones; null: random ones
    pixels: Weight = 1.0
    perceptual: PerceptualRecipe | None = None
    adversarial: AdversarialRecipe | None = None
    distillation: DistillationRecipe | None = None
    best_by: Literal["psnr_y", "lpips_alex"] = "psnr_y"  # over the photographs held out
    warmup_steps: Positive = 500
    batch: Positive = 16
    ema_decay: Annotated[float, Meta(ge=0, lt=1)] = 0.999
    clip_norm: Rate = 1.0
    seed: int = 0
    bf16: bool = True
    compile: bool = False  # torch.compile: faster, needs a C++ compiler
    validate_every: Positive = 1000
    patches: PatchRecipe = PatchRecipe()

    @property
    def steps(self) -> int:
        """Of all phases together."""
        return sum(phase.steps for phase in self.schedule)

    def phase_at(self, step: int) -> tuple[Phase, int]:
        """The phase in force at a step, and the step at which it began."""
        begin = 0
        for phase in self.schedule[:-1]:
            if step < begin + phase.steps:
                return phase, begin
            begin += phase.steps
        return self.schedule[-1], begin


def read_recipe(path: Path) -> Recipe:
    """The recipe in a YAML file.

    Raises:
        InputError: no such file, or a key that is unknown, missing or out of range.
    """
    return read_yaml(path, Recipe)
