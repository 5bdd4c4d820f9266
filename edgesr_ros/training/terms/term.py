"""What a term of the loss is, what it is given at each step, and what it is made from."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import torch
from msgspec import Meta
from torch import nn

from edgesr_ros.networks import Network
from edgesr_ros.schema import Struct

Weight = Annotated[float, Meta(ge=0)]


class Batch(NamedTuple):
    """A step's pictures, RGB float in 0..255, and what the network made of them.

    A recipe of several frames has them along an axis of time behind N: (N, T, 3, H, W).
    """

    low: torch.Tensor  # (N, 3, H, W)
    high: torch.Tensor  # (N, 3, s·H, s·W)
    output: torch.Tensor  # of the network, as `high`; may leave 0..255
    features: Mapping[str, torch.Tensor]  # by name of the submodule: those that the terms asked for
    step: int  # from 0


class Term(nn.Module):
    """A part of the loss.

    Its parameters are trained along with the network by the same optimizer, and its state is part of the
    checkpoint. Networks that it only looks through it holds as `Frozen`.

    Attributes:
        features: submodules of the network whose outputs it wants to see.
    """

    features: tuple[str, ...] = ()

    def forward(self, batch: Batch) -> torch.Tensor:
        """Scalar: what the network is to make small."""
        raise NotImplementedError


class Opponent(Term):
    """A term that is trained against the network: it has an optimizer and a step of its own.

    Attributes:
        role: what its own loss is called in the log.
    """

    role: str

    def oppose(self, batch: Batch) -> torch.Tensor:
        """Scalar: what the term is to make small, after the network's step; `output` is detached."""
        raise NotImplementedError


class Frozen(nn.Module):
    """A trained network that a term looks through: it moves along, but never trains and is not saved."""

    network: nn.Module

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        # Not registered: neither a parameter nor the state of a term.
        self.__dict__["network"] = network.eval().requires_grad_(False)

    def _apply(self, fn: Callable[..., Any], recurse: bool = True) -> "Frozen":  # what `to` calls
        self.network._apply(fn, recurse)
        return self

    def forward(self, *inputs: Any) -> Any:
        return self.network(*inputs)


class Setting(NamedTuple):
    """What a term is made from."""

    network: Network  # that is trained
    patch: int  # side of the high-resolution patches, pixels
    work: Path  # folder of all recipes' results
    perceptual: Path | None = None  # npz weights; None: WORK/perceptual/<network>.npz
    bf16: bool = False


class TermRecipe(Struct, tag_field="term"):
    """Base of what a recipe says of a term."""

    weight: Weight = 1.0  # of the term in the sum
    # Of the schedule, from 1: where the term counts. null: in all of them.
    phases: tuple[Annotated[int, Meta(ge=1)], ...] | None = None

    def make(self, setting: Setting) -> Term:
        """The term.

        Raises:
            InputError: weights that it needs are missing or others.
        """
        raise NotImplementedError

    @property
    def parents(self) -> tuple[str, ...]:
        """The recipes whose weights it needs, as `training.weights.trained` names them."""
        return ()
