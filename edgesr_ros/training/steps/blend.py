"""The step that blends: weights between those of two networks (ESRGAN, arXiv 1809.00219, section 3.4)."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import torch
from msgspec import Meta
from msgspec.structs import replace

from edgesr_ros.errors import InputError
from edgesr_ros.networks import Network
from edgesr_ros.training.steps.step import Made, Run, Step, needed
from edgesr_ros.training.weights import BEST, Facts, load_network, read_facts, save_network, trained


class Blend(Step, tag="blend"):
    """Mixes the weights with those of another recipe."""

    other: str  # the recipe; `<recipe>/<folder>` is a later step of it than the first
    alpha: Annotated[float, Meta(ge=0, le=1)]  # share of the other's

    @property
    def parents(self) -> tuple[str, ...]:
        return (self.other,)

    def run(self, run: Run, weights: Path | None, folder: Path, parents: dict[str, str]) -> Made:
        weights = needed(weights, "blend")
        facts = run.facts(weights, parents)
        network, other = load_network(weights, facts.spec), trained(run.work, self.other)
        mix(network, other, self.alpha)
        path = folder / BEST
        save_network(path, network, mixed(facts, other, self.alpha))
        return Made(path, (path,), (f"{self.alpha:g} parts of {self.other}: {path}",))


def mix(network: Network, other: Path, alpha: float) -> None:
    """Give a network the weights between its own and those of a file, in place; errors as of both.

    Args:
        network: has 1 - alpha parts in the result.
        other: file of weights of the same network, which has alpha parts.
        alpha: 0 to 1.
    """
    weights = load_network(other, network.spec).state_dict()
    network.load_state_dict(blend(weights, network.state_dict(), alpha))
    network.calibration = None  # which was for other weights


def mixed(facts: Facts, other: Path, alpha: float) -> Facts:
    """What weights are into which another file's were mixed: also the other's, if those were imported."""
    others = read_facts(other)
    origin = facts.origin or (others.origin if others else None)
    return replace(facts, mixed=(*facts.mixed, in_words(alpha, other)), origin=origin)


def in_words(alpha: float, other: Path) -> str:
    """For a card: what was mixed in, by the last two parts of its path, <recipe>/best.safetensors."""
    return f"{alpha:g} parts of {'/'.join(other.parts[-2:])}"


def blend(
    a: Mapping[str, torch.Tensor], b: Mapping[str, torch.Tensor], alpha: float
) -> dict[str, torch.Tensor]:
    """The weights alpha · a + (1 - alpha) · b of two state dicts.

    With a of the pixel stage and b of the adversarial one, alpha = 0 is the sharpest and alpha = 1 the
    truest (EdgeSRGAN, arXiv 2209.03355, section 3.4).

    Raises:
        InputError: alpha is not in 0..1, or the two are not of one network.
    """
    if not 0 <= alpha <= 1:
        raise InputError(f"alpha: expected 0 to 1, got {alpha}")
    if different := a.keys() ^ b.keys():
        raise InputError(f"weights to blend: only one of the two has {min(different)}")
    for key in a:
        if a[key].shape != b[key].shape:
            raise InputError(
                f"weights to blend: {key} is {tuple(a[key].shape)} in one, {tuple(b[key].shape)} in the other"
            )
    return {
        # What batch norm counts cannot be mixed, and plays no part.
        key: torch.lerp(b[key], a[key], alpha) if b[key].is_floating_point() else b[key]
        for key in a
    }
