"""What a network must come down to by pruning."""

from collections.abc import Callable
from typing import Annotated

from msgspec import Meta

from edgesr_ros.errors import InputError
from edgesr_ros.networks import Network
from edgesr_ros.schema import Struct
from edgesr_ros.training.export import Precision
from edgesr_ros.training.macs import macs_per_pixel
from edgesr_ros.training.timing import Backend, exported, noise
from edgesr_ros.upscaling.card import InputSize
from edgesr_ros.upscaling.timing import milliseconds

Positive = Annotated[int, Meta(ge=1)]
Share = Annotated[float, Meta(gt=0, lt=1)]


class Goal(Struct, tag_field="of"):
    """Base of all goals."""

    def least_ratio(self, whole: Network, total: int, cut: Callable[[float], Network]) -> float:
        """The smallest share of channels by whose loss a network meets the goal, to one channel.

        Args:
            whole: the network before.
            total: number of channels that could be taken.
            cut: share of channels taken → the network that is left; the same one for shares that are rounded
                to the same widths.

        Raises:
            InputError: it cannot be met.
        """
        raise NotImplementedError


class ChannelsGoal(Goal, tag="channels"):
    """A share of the channels, whatever that saves: how papers state what they pruned."""

    ratio: Share

    def least_ratio(self, whole: Network, total: int, cut: Callable[[float], Network]) -> float:  # noqa: ARG002
        return self.ratio


class CostGoal(Goal):
    """Base of goals that say how much of something there may be."""

    @property
    def unit(self) -> str:
        """Of the cost."""
        return "MAC per pixel"

    def cost(self, network: Network) -> float:
        """What a network costs."""
        return macs_per_pixel(network)

    def most(self, whole: Network) -> float:
        """What it may cost, if it was `whole` before."""
        raise NotImplementedError

    def least_ratio(self, whole: Network, total: int, cut: Callable[[float], Network]) -> float:
        most, costs = self.most(whole), dict[Network, float]()

        def met(taken: int) -> bool:
            network = cut(taken / total)
            if network not in costs:
                costs[network] = self.cost(network)
            return costs[network] <= most

        low, high = 0, total  # what is known not to be enough, and what is
        if met(low):
            return 0.0
        if not met(high):
            raise InputError(f"goal: {most:.6g} {self.unit} cannot be reached, {min(costs.values()):.6g} can")
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if met(middle) else (middle, high)
        return high / total


class MacsShareGoal(CostGoal, tag="macs_share"):
    """Multiply-accumulates, as a share of what there were before the step."""

    share: Share

    def most(self, whole: Network) -> float:
        return self.share * macs_per_pixel(whole)


class MacsGoal(CostGoal, tag="macs"):
    """Multiply-accumulates for each pixel of the small picture."""

    per_pixel: Positive

    def most(self, whole: Network) -> float:  # noqa: ARG002 - whatever it was
        return self.per_pixel


class MillisecondsGoal(CostGoal, tag="milliseconds"):
    """Time on this machine, as `edgesr_ros.upscaling.timing.milliseconds` measures it."""

    at_most: Annotated[float, Meta(gt=0)]
    backend: Backend = "onnxruntime"
    precision: Precision = "int8"
    size: InputSize = InputSize(width=160, height=120)  # of the small picture
    threads: Positive = 2

    @property
    def unit(self) -> str:
        return "ms"

    def cost(self, network: Network) -> float:
        pictures = noise(self.size, 2)
        with exported(network, self.backend, self.precision, self.size, self.threads, pictures) as upscaler:
            return milliseconds(upscaler, pictures[0])

    def most(self, whole: Network) -> float:  # noqa: ARG002 - whatever it was
        return self.at_most


AnyGoal = MacsShareGoal | MacsGoal | MillisecondsGoal | ChannelsGoal
