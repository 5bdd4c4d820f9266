"""The distance to the original by features of a network that was trained on ImageNet."""

from pathlib import Path
from typing import Annotated, Literal

import torch
from msgspec import Meta
from torch import nn
from torch.nn import functional

from edgesr_ros.errors import InputError
from edgesr_ros.networks.perceptual import load_mobilenet_v2, load_vgg16
from edgesr_ros.training.terms.term import Batch, Frozen, Setting, Term, TermRecipe

# SRGAN and EdgeSRGAN bring VGG's features to the scale of the pixels so (arXiv 1609.04802, section 3.2).
_FEATURE_SCALE = 12.75
_VGG16_GROUPS = 5


class PerceptualRecipe(TermRecipe, tag="perceptual"):
    """Distance of features of a network that was trained on ImageNet."""

    network: Literal["vgg16", "mobilenet_v2"] = "vgg16"
    # L1 of one group, the squared difference of it, or LPIPS over all up to it.
    distance: Literal["features", "squared", "lpips"] = "features"
    # Of convolutions between two reductions of size; 6: MobileNetV2's very last convolution.
    group: Annotated[int, Meta(ge=1, le=6)] = 5
    normalized: bool = True  # false: MobileNetV2 gets pictures in 0..1, other than those it was trained on

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
        InputError: the file lacks the weights of the recipe's network, or it is asked for what it has not.
    """
    squared = recipe.distance == "squared"
    if recipe.network == "mobilenet_v2":
        mobilenet = load_mobilenet_v2(weights, max(5, recipe.group), recipe.normalized)
        return FeatureLoss(mobilenet, recipe.group, squared)
    if recipe.group > _VGG16_GROUPS or not recipe.normalized:
        raise InputError("group 6 and normalized: false: only mobilenet_v2 has them, got vgg16")
    network, heads = load_vgg16(weights, recipe.group)
    if recipe.distance == "lpips":
        return LpipsLoss(network, heads)
    return FeatureLoss(network, recipe.group, squared)


class FeatureLoss(nn.Module):
    """L1 between features, over 12.75 (arXiv 2209.03355, section 3.2), or their mean squared difference.

    Args:
        network: RGB 0..255 → list of features.
        group: which of them, from 1.
        squared: the squared difference, as it is.
    """

    def __init__(self, network: nn.Module, group: int, squared: bool = False) -> None:
        super().__init__()
        self.network, self.group, self.squared = network, group, squared

    def forward(self, output: torch.Tensor, high: torch.Tensor) -> torch.Tensor:
        with torch.no_grad():
            target = self.network(high)[self.group - 1]
        features = self.network(output)[self.group - 1]
        if self.squared:
            return functional.mse_loss(features.float(), target.float())
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
