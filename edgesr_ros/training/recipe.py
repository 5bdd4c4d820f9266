"""A recipe: everything that decides what a network becomes, step by step, in one small YAML file."""

from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta

from edgesr_ros.schema import Struct, read_yaml
from edgesr_ros.training.patches import PatchRecipe
from edgesr_ros.training.steps.blend import Blend
from edgesr_ros.training.steps.export import Export
from edgesr_ros.training.steps.prune import Prune
from edgesr_ros.training.steps.quantize import Quantize
from edgesr_ros.training.steps.table import Table
from edgesr_ros.training.steps.train import Train


class Recipe(Struct):
    """One network, and the steps by which it is made."""

    network: str
    scale: Literal[2, 4, 8]
    steps: Annotated[tuple[Train | Prune | Quantize | Blend | Export | Table, ...], Meta(min_length=1)]
    start: str | None = None  # the recipe whose weights are the first ones; null: random ones
    cell: str | None = None  # of a `tpsr`: another than the published one, as `networks/cell.py` reads it
    seed: int = 0
    patches: PatchRecipe = PatchRecipe()  # of the photographs, for all steps

    @property
    def trained_steps(self) -> int:
        """Of training, in all `train` steps together."""
        return sum(step.steps for step in self.steps if isinstance(step, Train))


def read_recipe(path: Path) -> Recipe:
    """The recipe in a YAML file.

    Raises:
        InputError: no such file, or a key that is unknown, missing or out of range.
    """
    return read_yaml(path, Recipe)
