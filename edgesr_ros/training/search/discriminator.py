"""The search for a discriminator: what a generator is best trained against (arXiv 2007.04356, section 4).

The paper's space is not published; this one holds `patch`, and as text every one like it.
"""

from typing import Annotated

import torch
from msgspec import Meta
from msgspec.structs import replace

from edgesr_ros.errors import InputError
from edgesr_ros.networks import count_parameters
from edgesr_ros.networks.layered_discriminator import PATCH, Layer, LayeredDiscriminator, parse
from edgesr_ros.training.macs import macs_per_pixel
from edgesr_ros.training.recipe import Recipe
from edgesr_ros.training.search.budget import Cost
from edgesr_ros.training.search.recipe import Choices, Chosen, Search
from edgesr_ros.training.steps.train import Train
from edgesr_ros.training.terms.adversarial import AdversarialRecipe, Loss

_LAYERS = (3, 4, 5, 6)
_WIDTHS = (8, 16, 32, 64, 128)
_NORMS = ("", "b", "n")
_HEADS = ("patch", "pool64", "pool256", "dense64", "dense256")


class DiscriminatorSearch(Search, tag="discriminator", kw_only=True):
    """Of 3 to 6 layers: widths 8 to 128, kernels of 3 or 4, strides of 1 or 2, three norms; five heads.

    Every trial trains the same generator from the same weights, with the same patches.
    """

    start: str  # the recipe whose weights the generator begins with, as `training.weights.trained` names them
    cell: str | None = None  # of the generator, as in a recipe
    weight: Annotated[float, Meta(ge=0)] = 0.01  # of the discriminator's term beside those of `train`
    loss: Loss = "cross_entropy"

    def __post_init__(self) -> None:
        super().__post_init__()
        if any(isinstance(term, AdversarialRecipe) for term in self.train.terms):
            raise ValueError("train: expected no adversarial term, which is what is searched for")
        if self.budget.ms is not None:
            raise ValueError("budget: ms is of generators, which are run")

    @property
    def choices(self) -> Choices:
        choices: Choices = {"layers": _LAYERS, "head": _HEADS}
        for number in range(max(_LAYERS)):  # those beyond `layers` are chosen in vain
            choices[f"width_{number}"] = _WIDTHS
            choices[f"kernel_{number}"] = (3, 4)
            choices[f"stride_{number}"] = (1, 2)
            choices[f"norm_{number}"] = _NORMS
        return choices

    @property
    def reference(self) -> str:
        return PATCH

    def text(self, chosen: Chosen) -> str:
        layers = [
            Layer(
                int(chosen[f"width_{number}"]),
                int(chosen[f"kernel_{number}"]),
                int(chosen[f"stride_{number}"]),
                str(chosen[f"norm_{number}"]),
            )
            for number in range(int(chosen["layers"]))
        ]
        return " ".join([*map(str, layers), str(chosen["head"])])

    def chosen(self, text: str) -> Chosen:
        layers, head = parse(text)
        chosen: dict[str, str | int] = {name: choices[0] for name, choices in self.choices.items()}
        chosen |= {"layers": len(layers), "head": str(head)}
        for number, layer in enumerate(layers):
            for name, value in layer._asdict().items():
                chosen[f"{name}_{number}"] = value
        outside = [name for name, value in chosen.items() if value not in self.choices.get(name, ())]
        for name in outside[:1]:
            raise InputError(f"include: {name} {chosen[name]} of {text!r} is not in the space")
        return chosen

    def cost(self, text: str) -> Cost:
        side = self.patches.size
        with torch.device("meta"):  # some would take gigabytes
            network = LayeredDiscriminator(text, side).eval()
        macs = macs_per_pixel(network, (side, side))
        return Cost(parameters=count_parameters(network), macs_per_pixel=macs)

    def training(self, text: str) -> Train:
        term = AdversarialRecipe(discriminator=text, weight=self.weight, loss=self.loss)
        return replace(self.train, terms=(*self.train.terms, term))

    def recipe(self, text: str) -> Recipe:
        return Recipe(
            network=self.network,
            scale=self.scale,
            cell=self.cell,
            start=self.start,
            steps=(self.training(text),),
            patches=self.patches,
        )
