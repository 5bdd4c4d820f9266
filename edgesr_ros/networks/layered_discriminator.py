"""Discriminators as text, a layer a word, then the head. EdgeSRGAN-tiny's is such a one too."""

import re
from typing import NamedTuple

import torch
from torch import nn
from torch.nn.utils.parametrizations import spectral_norm

from edgesr_ros.errors import InputError

# The one that recipes call `patch`: it judges neighbourhoods, not patches as a whole, with spectral norm
# instead of batch norm. Cheap and stable (pix2pix, arXiv 1611.07004, section 3.2.2; spectral norm: arXiv
# 1802.05957).
PATCH = "32k3s1n 64k4s2n 128k4s2n 128k3s1n patch"

_MOST_LAYERS = 8
_LAYER = re.compile(r"(?P<width>[1-9][0-9]{0,2})k(?P<kernel>[34])s(?P<stride>[12])(?P<norm>[bn]?)")
_HEAD = re.compile(r"(?P<kind>patch|pool|dense)(?P<neurons>[1-9][0-9]{0,3})?")


class Layer(NamedTuple):
    """A convolution with a border of one pixel, and a LeakyReLU of slope 0.2."""

    width: int  # channels
    kernel: int  # 3 or 4
    stride: int  # 1 or 2
    norm: str = ""  # b: batch norm behind it; n: its weights have spectral norm

    def __str__(self) -> str:
        return f"{self.width}k{self.kernel}s{self.stride}{self.norm}"


class Head(NamedTuple):
    """What makes logits of the last layer's features."""

    # patch: a 3x3 convolution, a logit for each neighbourhood; pool: the mean over all places, or dense: all
    # of them, then a layer of neurons and a logit for the patch.
    kind: str
    neurons: int | None = None

    def __str__(self) -> str:
        return f"{self.kind}{self.neurons or ''}"


def parse(text: str) -> tuple[tuple[Layer, ...], Head]:
    """The layers and the head that a text such as `PATCH` tells.

    Raises:
        InputError: a word is no layer, the last one no head, or there are too many.
    """
    *words, last = text.split() or [""]
    head = _HEAD.fullmatch(last)
    found = [_LAYER.fullmatch(word) for word in words]
    if (
        not 1 <= len(words) <= _MOST_LAYERS
        or not head
        or (head["kind"] == "patch") != (head["neurons"] is None)
        or not all(found)
    ):
        raise InputError(
            f"discriminator: expected 1 to {_MOST_LAYERS} layers such as 64k4s2, with b for batch or n for "
            f"spectral norm, and patch, pool64 or dense256, got {text[:80]!r}"
        )
    layers = tuple(
        Layer(int(one["width"]), int(one["kernel"]), int(one["stride"]), one["norm"]) for one in found if one
    )
    return layers, Head(head["kind"], int(head["neurons"]) if head["neurons"] else None)


class LayeredDiscriminator(nn.Module):
    """A discriminator of the space.

    Args:
        text: as `parse` reads it.
        size: side of the square patches, pixels.

    Raises:
        InputError: the text is none, or the patches are too small for its strides.
    """

    def __init__(self, text: str, size: int) -> None:
        super().__init__()
        layers, head = parse(text)
        modules: list[nn.Module] = []
        before = 3
        for layer in layers:
            modules.append(_convolution(before, layer))
            if layer.norm == "b":
                modules.append(nn.BatchNorm2d(layer.width))
            modules.append(nn.LeakyReLU(0.2))
            before, size = layer.width, (size + 2 - layer.kernel) // layer.stride + 1
            if size < 1:
                raise InputError(f"discriminator: the patches are too small for {text}")
        if head.neurons is None:
            last = Layer(1, 3, 1, layers[-1].norm if layers[-1].norm == "n" else "")
            modules.append(_convolution(before, last))
        else:
            pool, side = ([nn.AdaptiveAvgPool2d(1)], 1) if head.kind == "pool" else ([], size)
            dense = (nn.Linear(side**2 * before, head.neurons), nn.LeakyReLU(0.2), nn.Linear(head.neurons, 1))
            modules += [*pool, nn.Flatten(), *dense]
        self.layers = nn.Sequential(*modules)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, 3, size, size) RGB 0..255 → (N, 1) or (N, 1, h, w): logits, positive for photographs."""
        logits: torch.Tensor = self.layers(x / 127.5 - 1)
        return logits


def _convolution(before: int, layer: Layer) -> nn.Module:
    convolution = nn.Conv2d(before, layer.width, layer.kernel, layer.stride, padding=1)
    return spectral_norm(convolution) if layer.norm == "n" else convolution
