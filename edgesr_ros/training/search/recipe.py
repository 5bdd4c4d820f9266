"""A search's recipe: the space, how a trial is trained and what it may cost, in one small YAML file."""

from collections.abc import Mapping
from itertools import pairwise
from typing import Annotated, Literal

from msgspec import Meta

from edgesr_ros.schema import Struct
from edgesr_ros.training.patches import PatchRecipe
from edgesr_ros.training.recipe import Recipe
from edgesr_ros.training.search.budget import Budget, Cost
from edgesr_ros.training.steps.train import Train

Positive = Annotated[int, Meta(ge=1)]
Choices = dict[str, tuple[str | int, ...]]  # name of a choice → what there is to choose from
Chosen = Mapping[str, str | int]


class Search(Struct, tag_field="search"):
    """What all searches have.

    A candidate is a text that a recipe takes. Its reward is the best score of its training over the
    photographs held out, so that more is better: PSNR-Y, or LPIPS below 0; the mean over `seeds`.
    """

    network: str
    scale: Literal[2, 4, 8]
    train: Train  # of a trial that goes to the end
    trials: Positive  # that are trained; others are refused by the budget
    # Steps after which a trial is judged: the best `keep` of those that came so far go on (as in asynchronous
    # successive halving, arXiv 1810.05934); 1: all do, which tells how well the rungs rank.
    rungs: tuple[Positive, ...] = ()
    keep: Annotated[float, Meta(gt=0, le=1)] = 0.25
    sampler: Literal["tpe", "random", "reinforce"] = "tpe"
    startup_trials: Positive = 20  # that TPE draws at random before it begins to learn
    include: tuple[str, ...] = ()  # candidates that are tried first
    budget: Budget = Budget()
    seeds: Annotated[tuple[int, ...], Meta(min_length=1)] = (0,)  # a training of a trial each
    patches: PatchRecipe = PatchRecipe()

    def __post_init__(self) -> None:
        ends = self.ends
        if any(after <= before for before, after in pairwise(ends)):
            raise ValueError(
                f"rungs: expected ascending ones below the {self.train.steps} steps of train, "
                f"got {list(self.rungs)}"
            )

    @property
    def ends(self) -> tuple[int, ...]:
        """The steps after which a trial is judged, the last one included."""
        return (*self.rungs, self.train.steps)

    @property
    def choices(self) -> Choices:
        """The space: each candidate is one of each."""
        raise NotImplementedError

    @property
    def reference(self) -> str:
        """The candidate to compare others with."""
        raise NotImplementedError

    def text(self, chosen: Chosen) -> str:
        """The candidate that was chosen."""
        raise NotImplementedError

    def chosen(self, text: str) -> Chosen:
        """What is to be chosen for a candidate.

        Raises:
            InputError: it is no point of the space.
        """
        raise NotImplementedError

    def cost(self, text: str) -> Cost:
        """What a candidate costs; `ms` is measured if there is a limit to it and nothing else is passed.

        Raises:
            InputError: the candidate cannot be built for such patches.
        """
        raise NotImplementedError

    def training(self, text: str) -> Train:
        """How a candidate is trained: the one step of `recipe`."""
        raise NotImplementedError

    def recipe(self, text: str) -> Recipe:
        """That trains a candidate."""
        raise NotImplementedError
