"""A recipe: everything that decides what a training run makes, in one small YAML file."""

from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta

from edgesr_ros.schema import Struct, read_yaml

Positive = Annotated[int, Meta(ge=1)]
Rate = Annotated[float, Meta(gt=0)]


class PatchRecipe(Struct):
    """How training patches are cut from photographs."""

    size: Positive = 96  # side of the high-resolution patch, pixels
    stride: Positive = 48  # one patch for each stride x stride cell of each photograph
    # Also cut from photographs reduced by these factors.
    reductions: tuple[Annotated[float, Meta(gt=0, le=1)], ...] = (1.0,)
    validation_every: Annotated[int, Meta(ge=2)] = 40  # each n-th photograph validates instead


class Recipe(Struct):
    """One network and the pixel stage that trains it (arXiv 2209.03355, section 4.1)."""

    network: str
    scale: Literal[2, 4, 8]
    steps: Positive
    learning_rate: Rate
    warmup_steps: Positive = 500
    batch: Positive = 16
    ema_decay: Annotated[float, Meta(ge=0, lt=1)] = 0.999
    clip_norm: Rate = 1.0
    seed: int = 0
    bf16: bool = True
    compile: bool = False  # torch.compile: faster, needs a C++ compiler
    validate_every: Positive = 1000
    patches: PatchRecipe = PatchRecipe()


def read_recipe(path: Path) -> Recipe:
    """The recipe in a YAML file.

    Raises:
        InputError: no such file, or a key that is unknown, missing or out of range.
    """
    return read_yaml(path, Recipe)
