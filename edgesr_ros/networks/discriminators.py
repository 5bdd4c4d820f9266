"""Discriminators of the adversarial stage: those of EdgeSRGAN, SwiftSRGAN and F2SRGAN, and one of patches."""

from collections.abc import Callable

import torch
from torch import nn

from edgesr_ros.networks.layered_discriminator import PATCH, LayeredDiscriminator


class EdgeSRGANDiscriminator(nn.Module):
    """As SRGAN's: 3x3 convolutions, batch norm but for the first, a dense head; one logit a patch.

    The two of arXiv 2209.03355, section 3.1, are such ones.

    Args:
        widths: channels of the convolutions.
        strides: their strides.
        head: neurons of the dense layer.
        size: side of the square patches, pixels.
    """

    def __init__(self, widths: tuple[int, ...], strides: tuple[int, ...], head: int, size: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for index, (before, after, stride) in enumerate(zip((3, *widths), widths, strides, strict=False)):
            layers.append(nn.Conv2d(before, after, 3, stride, padding=1))
            if index:
                layers.append(nn.BatchNorm2d(after))
            layers.append(nn.LeakyReLU(0.2))
            size = -(-size // stride)
        self.features = nn.Sequential(*layers)
        self.head = nn.Sequential(
            nn.Flatten(), nn.Linear(size**2 * widths[-1], head), nn.LeakyReLU(0.2), nn.Linear(head, 1)
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, 3, size, size) RGB 0..255 → (N, 1): logits, positive for photographs."""
        logits: torch.Tensor = self.head(self.features(x / 127.5 - 1))
        return logits


class SeparableDiscriminator(nn.Module):
    """SRGAN's discriminator of separable convolutions, for patches of any size; one logit a patch.

    SwiftSRGAN's (arXiv 2111.14320, section 3) has 19,413,279 parameters, F2SRGAN's 19,416,543.

    Args:
        strides: of the eight convolutions.
        biases: also of convolutions that batch norm follows, which takes them off; else only of the first.
    """

    def __init__(self, strides: tuple[int, ...], biases: bool) -> None:
        super().__init__()
        widths, layers = (64, 64, 128, 128, 256, 256, 512, 512), list[nn.Module]()
        for index, (before, after, stride) in enumerate(zip((3, *widths), widths, strides, strict=False)):
            first = index == 0
            layers.append(nn.Conv2d(before, before, 3, stride, 1, groups=before, bias=biases or first))
            layers.append(nn.Conv2d(before, after, 1, bias=biases or first))
            if not first:
                layers.append(nn.BatchNorm2d(after))
            layers.append(nn.LeakyReLU(0.2))
        self.features = nn.Sequential(*layers)
        self.head = nn.Sequential(
            nn.AdaptiveAvgPool2d(6),
            nn.Flatten(),
            nn.Linear(36 * 512, 1024),
            nn.LeakyReLU(0.2),
            nn.Linear(1024, 1),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, 3, H, W) RGB 0..255 → (N, 1): logits, positive for photographs."""
        logits: torch.Tensor = self.head(self.features(x / 255.0))
        return logits


DISCRIMINATORS: dict[str, Callable[[int], nn.Module]] = {
    "edgesrgan": lambda size: EdgeSRGANDiscriminator(
        (64, 64, 128, 128, 256, 256, 512, 512), (1, 2) * 4, head=1024, size=size
    ),
    "edgesrgan_tiny": lambda size: EdgeSRGANDiscriminator((32, 64, 128, 256), (2,) * 4, head=256, size=size),
    "swiftsrgan": lambda _size: SeparableDiscriminator((1, 2) * 4, biases=False),
    "f2srgan": lambda _size: SeparableDiscriminator((1, 2) * 4, biases=True),
    # As published: what its code passes as strides is dropped on the way.
    "f2srgan_unstrided": lambda _size: SeparableDiscriminator((1,) * 8, biases=True),
    "patch": lambda size: LayeredDiscriminator(PATCH, size),
}
