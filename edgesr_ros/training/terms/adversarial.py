"""The distance to the original by a discriminator that is trained along."""

from typing import Annotated, Literal

import torch
from msgspec import Meta
from torch import nn
from torch.nn import functional

from edgesr_ros.networks.discriminators import DISCRIMINATORS
from edgesr_ros.networks.layered_discriminator import PATCH, LayeredDiscriminator, parse
from edgesr_ros.training.terms.term import Batch, Opponent, Setting, TermRecipe

Loss = Literal["cross_entropy", "relativistic", "probabilities"]


class AdversarialRecipe(TermRecipe, tag="adversarial", kw_only=True):
    """A discriminator, trained along (arXiv 2209.03355, section 3.2)."""

    discriminator: str  # a name, or layers as `networks.layered_discriminator` reads them
    weight: Annotated[float, Meta(ge=0)] = 1e-3
    # Binary cross-entropy; the same of how much more real the one looks than the other; or of probabilities,
    # as they are.
    loss: Loss = "cross_entropy"

    def __post_init__(self) -> None:
        if " " in self.discriminator:
            parse(self.discriminator)
        elif self.discriminator not in DISCRIMINATORS:
            raise ValueError(
                f"discriminator: expected one of {', '.join(DISCRIMINATORS)}, or layers such as {PATCH!r}, "
                f"got {self.discriminator!r}"
            )

    def make(self, setting: Setting) -> "AdversarialTerm":
        return AdversarialTerm(make_discriminator(self.discriminator, setting.patch), self.loss)


def make_discriminator(name: str, size: int) -> nn.Module:
    """The discriminator of a name, or of layers; for square patches of `size` pixels."""
    known = DISCRIMINATORS.get(name)
    return known(size) if known else LayeredDiscriminator(name, size)


class AdversarialTerm(Opponent):
    """A discriminator learns to tell outputs from photographs, and the network that it cannot.

    Args:
        discriminator: RGB (N, 3, H, W) in 0..255 → logits, positive for photographs.
        loss: what both make small.
            cross_entropy: of each picture's logit (arXiv 1406.2661).
            relativistic: of the difference of the logits of a photograph and of the output for it (arXiv
                1807.00734, RSGAN).
            probabilities: 1 - D(G(x)) of the network, 1 - D(x) + D(G(x)) of the discriminator (SwiftSRGAN).
    """

    role = "discriminator"

    def __init__(self, discriminator: nn.Module, loss: Loss = "cross_entropy") -> None:
        super().__init__()
        self.discriminator, self.loss = discriminator, loss

    def forward(self, batch: Batch) -> torch.Tensor:
        if self.loss == "relativistic":
            real, fake = self._both(batch)
            return generator_loss(fake - real)
        fake = self.discriminator(batch.output).float()
        if self.loss == "probabilities":
            return 1 - fake.sigmoid().mean()
        return generator_loss(fake)

    def oppose(self, batch: Batch) -> torch.Tensor:
        real, fake = self._both(batch)
        if self.loss == "relativistic":
            return generator_loss(real - fake)
        if self.loss == "probabilities":
            return 1 - real.sigmoid().mean() + fake.sigmoid().mean()
        return discriminator_loss(real, fake)

    def _both(self, batch: Batch) -> tuple[torch.Tensor, ...]:
        """The logits of the photographs, and of the outputs."""
        return self.discriminator(torch.cat([batch.high, batch.output])).float().chunk(2)


def generator_loss(logits: torch.Tensor) -> torch.Tensor:
    """How far the discriminator is from taking what has these logits for photographs: -log D."""
    return functional.softplus(-logits).mean()


def discriminator_loss(real: torch.Tensor, fake: torch.Tensor) -> torch.Tensor:
    """Binary cross-entropy of the logits of photographs and of outputs."""
    return functional.softplus(-real).mean() + functional.softplus(fake).mean()
