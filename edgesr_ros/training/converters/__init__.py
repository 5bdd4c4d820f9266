"""Conversions of a network in training: pruning, fake quantization and the like.

One is all that a trainer knows of them; a step of a recipe that uses some gives them to it. They are applied
before the optimizer and the average of the weights are made, so that both see the converted network.
"""

from typing import Protocol

from edgesr_ros.networks import Network


class Converter(Protocol):
    """Changes how a network trains, and takes back of it what must not be in the weights."""

    def convert(self, network: Network) -> Network:
        """The network that trains in place of a plain one, whose parameters it has, or which it is."""

    def after_step(self, step: int) -> None:
        """The optimizer has made the step of that number, from 0."""

    def finish(self, network: Network) -> Network:
        """A plain network for inference, as the `spec` builds it, with the weights of a converted one.

        That one goes on. So not by removing parametrizations from a copy: torch would remove them from the
        original as well.
        """
