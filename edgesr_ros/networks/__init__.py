"""The networks as torch modules, by the names that recipes and exported files use."""

from collections.abc import Callable

from torch import nn

from edgesr_ros.errors import InputError
from edgesr_ros.networks.edgesrgan import edgesrgan, edgesrgan_tiny

NETWORKS: dict[str, Callable[..., nn.Module]] = {
    "edgesrgan": edgesrgan,
    "edgesrgan_tiny": edgesrgan_tiny,
}


def create_network(name: str, scale: int = 4) -> nn.Module:
    """A freshly initialised network.

    Raises:
        InputError: unknown name.
        ValueError: unsupported scale.
    """
    if name not in NETWORKS:
        raise InputError(f"network: expected one of {sorted(NETWORKS)}, got {name!r}")
    return NETWORKS[name](scale=scale)


def count_parameters(network: nn.Module) -> int:
    """Number of trainable values."""
    return sum(p.numel() for p in network.parameters())
