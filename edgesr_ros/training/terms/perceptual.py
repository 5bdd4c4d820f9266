"""The distance to the original by features of a network that was trained on ImageNet."""

from pathlib import Path
from typing import Annotated, Literal

import torch
from msgspec import Meta
from torch import nn
from torch.nn import functional

from edgesr_ros.networks.perceptual import load_mobilenet_v2, load_vgg16
from edgesr_ros.training.terms.term import Batch, Frozen, Setting, Term, TermRecipe

# SRGAN and EdgeSRGAN bring VGG's features to the scale of the pixels so (arXiv 1609.04802, section 3.2).
_FEATURE_SCALE = 12.75


class PerceptualRecipe(TermRecipe, tag="perceptual"):
    """Distance of features of a network that was trained on ImageNet."""

    network: Literal["vgg16", "mobilenet_v2"] = "vgg16"
    distance: Literal["features", "lpips"] = "features"  # L1 of one group, or LPIPS over all up to it
    group: Annotated[int, Meta(ge=1, le=5)] = 5  # of convolutions between two reductions of size

    def make(self, setting: Setting) -> "PerceptualTerm":
        weights = setting.perceptual or setting.work / "perceptual" / f"{self.network}.npz"
        loss = make_perceptual(self, weights)
        if setting.bf16:  # once, and not by autocast at every step
            for module in loss.modules():
                if isinstance(module, nn.Conv2d):
                    module.to(torch.bfloat16)
        return PerceptualTerm(loss)


class PerceptualTerm(Term):
    """A perceptual loss of output and original.

    Args:
        loss: (output, high), RGB 0..255 → scalar.
    """

    def __init__(self, loss: nn.Module) -> None:
        super().__init__()
        self.loss = Frozen(loss)

    def forward(self, batch: Batch) -> torch.Tensor:
        value: torch.Tensor = self.loss(batch.output, batch.high)
        return value


def make_perceptual(recipe: PerceptualRecipe, weights: Path) -> nn.Module:
    """The perceptual loss that a recipe asks for: (output, high), RGB 0..255 → scalar.

    Raises:
        InputError: the file lacks the weights of the recipe's network.
    """
    if recipe.network == "mobilenet_v2":
        return FeatureLoss(load_mobilenet_v2(weights), recipe.group)
    network, heads = load_vgg16(weights, recipe.group)
    return LpipsLoss(network, heads) if recipe.distance == "lpips" else FeatureLoss(network, recipe.group)


class FeatureLoss(nn.Module):
    """L1 between features, over 12.75 (arXiv 2209.03355, section 3.2).

    Args:
        network: RGB 0..255 → list of features.
        group: which of them, from 1.
    """

    def __init__(self, network: nn.Module, group: int) -> None:
        super().__init__()
        self.network, self.group = network, group

    def forward(self, output: torch.Tensor, high: torch.Tensor) -> torch.Tensor:
        with torch.no_grad():
            target = self.network(high)[self.group - 1]
        features = self.network(output)[self.group - 1]
        return functional.l1_loss(features.float(), target.float()) / _FEATURE_SCALE


class LpipsLoss(nn.Module):
    """LPIPS (arXiv 1801.03924, equation 1) over the first groups of VGG16.

    Args:
        network: VGG16, RGB 0..255 → features of each group.
        heads: the weights of its channels, (1, C, 1, 1) for each group.
    """

    def __init__(self, network: nn.Module, heads: list[torch.Tensor]) -> None:
        super().__init__()
        self.network = network
        self.heads = nn.ParameterList(head.sqrt() for head in heads).requires_grad_(False)

    def forward(self, output: torch.Tensor, high: torch.Tensor) -> torch.Tensor:
        with torch.no_grad():
            targets = self._weighed(high)
        return torch.stack(
            [
                (features - target).square().sum(1).float().mean()
                for features, target in zip(self._weighed(output), targets, strict=True)
            ]
        ).sum()

    def _weighed(self, picture: torch.Tensor) -> list[torch.Tensor]:
        """Unit vectors over the channels times the root of the heads: their squared distance is LPIPS."""
        return [
            features * torch.rsqrt(features.square().sum(1, keepdim=True) + 1e-10) * head.to(features.dtype)
            for features, head in zip(self.network(picture), self.heads, strict=True)
        ]
