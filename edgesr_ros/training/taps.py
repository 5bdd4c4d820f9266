"""Looking into a network while it runs."""

from collections.abc import Iterable

import torch
from torch import nn

from edgesr_ros.errors import InputError


class Taps:
    """Remembers what some submodules of a network put out when it ran last.

    Args:
        network: is watched from now on.
        names: of the submodules, e.g. `blocks.7`.

    Raises:
        InputError: the network has no such submodule.
    """

    def __init__(self, network: nn.Module, names: Iterable[str]) -> None:
        self._seen: dict[str, torch.Tensor] = {}
        for name in dict.fromkeys(names):
            try:
                module = network.get_submodule(name)
            except AttributeError:
                raise InputError(f"features: {type(network).__name__} has no submodule {name!r}") from None
            module.register_forward_hook(
                lambda _module, _inputs, output, name=name: self._seen.__setitem__(name, output)
            )

    def take(self) -> dict[str, torch.Tensor]:
        """The outputs by name; they are not kept, and with them what they were computed from."""
        taken = dict(self._seen)
        self._seen.clear()
        return taken
