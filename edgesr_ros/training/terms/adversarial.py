"""The distance to the original by a discriminator that is trained along."""

from typing import Annotated, Literal

import torch
from msgspec import Meta
from torch import nn
from torch.nn import functional

from edgesr_ros.networks.discriminators import DISCRIMINATORS
from edgesr_ros.training.terms.term import Batch, Opponent, Setting, TermRecipe


class AdversarialRecipe(TermRecipe, tag="adversarial", kw_only=True):
    """A discriminator, trained along (arXiv 2209.03355, section 3.2)."""

    discriminator: Literal["edgesrgan", "edgesrgan_tiny", "patch"]
    weight: Annotated[float, Meta(ge=0)] = 1e-3

    def make(self, setting: Setting) -> "AdversarialTerm":
        return AdversarialTerm(DISCRIMINATORS[self.discriminator](setting.patch))


class AdversarialTerm(Opponent):
    """Binary cross-entropy against a discriminator, which learns to tell outputs from photographs.

    Args:
        discriminator: RGB (N, 3, H, W) in 0..255 → logits, positive for photographs.
    """

    role = "discriminator"

    def __init__(self, discriminator: nn.Module) -> None:
        super().__init__()
        self.discriminator = discriminator

    def forward(self, batch: Batch) -> torch.Tensor:
        return generator_loss(self.discriminator(batch.output).float())

    def oppose(self, batch: Batch) -> torch.Tensor:
        real, fake = self.discriminator(torch.cat([batch.high, batch.output])).float().chunk(2)
        return discriminator_loss(real, fake)


def generator_loss(logits: torch.Tensor) -> torch.Tensor:
    """How far the discriminator is from taking the output for photographs: -log D(G(x))."""
    return functional.softplus(-logits).mean()


def discriminator_loss(real: torch.Tensor, fake: torch.Tensor) -> torch.Tensor:
    """Binary cross-entropy of the logits of photographs and of outputs."""
    return functional.softplus(-real).mean() + functional.softplus(fake).mean()
