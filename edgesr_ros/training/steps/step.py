"""What a step of a recipe is: from a file of weights to a file of weights."""

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from edgesr_ros.errors import InputError
from edgesr_ros.networks import Spec, find_spec, with_cell
from edgesr_ros.schema import Struct
from edgesr_ros.training.calibration import CALIBRATION_PICTURES, calibration_pictures
from edgesr_ros.training.ranks import Ranks
from edgesr_ros.training.weights import Facts, read_facts
from edgesr_ros.upscaling.card import InputSize

if TYPE_CHECKING:
    from edgesr_ros.training.recipe import Recipe


class Run(NamedTuple):
    """What the steps of a recipe share."""

    name: str  # of the recipe
    recipe: "Recipe"
    data: Path  # folder of photographs
    work: Path  # folder of all recipes' results
    perceptual: Path | None = None  # npz weights of perceptual networks; None: WORK/perceptual
    ranks: Ranks = Ranks()

    @property
    def spec(self) -> Spec:
        """Of the recipe's network; errors as `find_spec` and `with_cell`."""
        spec = find_spec(self.recipe.network, self.recipe.scale)
        return with_cell(spec, self.recipe.cell) if self.recipe.cell else spec

    def folder(self, number: int) -> Path:
        """Of the recipe's step of that number, from 1: WORK/<recipe>, of each later one one below that."""
        home, step = self.work / self.name, self.recipe.steps[number - 1]
        return home if number == 1 else home / f"{number}_{step.__struct_config__.tag}"

    def calibration_pictures(self, size: InputSize) -> list[np.ndarray]:
        """Low-resolution pictures of some photographs to find ranges by; errors as of the function."""
        recipe = self.recipe
        degradation = recipe.patches.degradation
        return calibration_pictures(
            self.data, recipe.scale, size, CALIBRATION_PICTURES, recipe.seed, degradation
        )

    def facts(self, parent: Path | None, parents: dict[str, str], steps: int = 0) -> Facts:
        """Of weights that this recipe makes.

        Args:
            parent: the weights that they are made from, if any: they say what the network is by now.
            parents: as `Facts.parents`.
            steps: of training that the recipe adds.
        """
        before = read_facts(parent) if parent else None
        return Facts(
            spec=before.spec if before else self.spec,
            recipe=self.name,
            degradation=self.recipe.patches.degradation,
            steps=steps + (before.steps if before and before.recipe == self.name else 0),
            mixed=before.mixed if before and before.recipe == self.name else (),
            seed=self.recipe.seed,
            parents=parents,
            origin=before.origin if before else None,
        )


class Made(NamedTuple):
    """What a step has made."""

    weights: Path  # that the next step starts from
    files: tuple[Path, ...]  # in the step's folder
    said: tuple[str, ...]  # lines for the user


class Step(Struct, tag_field="step"):
    """Base of what a recipe says of a step.

    A step's result is a function of the step, the recipe's network, patches and seed, and the files that it
    starts from: where these are as they were, it need not run again.
    """

    @property
    def parents(self) -> tuple[str, ...]:
        """Other recipes whose weights it needs, as `training.weights.trained` names them."""
        return ()

    @property
    def together(self) -> bool:
        """Whether all processes run it; else the first one alone does."""
        return False

    def run(self, run: Run, weights: Path | None, folder: Path, parents: dict[str, str]) -> Made:
        """Do it.

        Args:
            run: what the steps share.
            weights: to start from; None: there are none yet.
            folder: to write to.
            parents: name of each file that it starts from → sha256.

        Raises:
            InputError: something that it needs is missing or wrong.
        """
        raise NotImplementedError


def needed(weights: Path | None, step: str) -> Path:
    """The weights that a step cannot do without.

    Raises:
        InputError: there are none.
    """
    if weights is None:
        raise InputError(f"steps: {step} needs weights; expected a train step before it, or a start")
    return weights
