"""The search for a generator: cells of TPSR's space (arXiv 2007.04356, section 4)."""

from typing import Annotated, Literal

from msgspec import Meta
from msgspec.structs import replace

from edgesr_ros.errors import InputError
from edgesr_ros.networks import count_parameters, find_spec, with_cell
from edgesr_ros.networks.cell import HEAD, OPERATIONS, PUBLISHED, Cell, Node
from edgesr_ros.training.macs import macs_per_pixel
from edgesr_ros.training.recipe import Recipe
from edgesr_ros.training.search.budget import Cost
from edgesr_ros.training.search.recipe import Choices, Chosen, Search
from edgesr_ros.training.steps.train import Train
from edgesr_ros.training.timing import exported, noise
from edgesr_ros.upscaling.timing import milliseconds


class GeneratorSearch(Search, tag="generator", kw_only=True):
    """Cells of so many nodes: 7 operations and, of node n, n + 1 sources; about 10^15 cells of 10 nodes."""

    network: Literal["tpsr"] = "tpsr"
    nodes: Annotated[int, Meta(ge=1, le=64)] = 10

    @property
    def choices(self) -> Choices:
        choices: Choices = {}
        for number in range(self.nodes):
            choices[f"operation_{number}"] = OPERATIONS
            if number:  # the first one has no choice
                choices[f"source_{number}"] = tuple(range(HEAD, number))
        return choices

    @property
    def reference(self) -> str:
        return PUBLISHED

    def text(self, chosen: Chosen) -> str:
        return Cell(
            tuple(
                Node(str(chosen[f"operation_{number}"]), int(chosen.get(f"source_{number}", HEAD)))
                for number in range(self.nodes)
            )
        ).text

    def chosen(self, text: str) -> Chosen:
        nodes = Cell.of_text(text).nodes
        if len(nodes) != self.nodes:
            raise InputError(f"include: expected a cell of {self.nodes} nodes, got {len(nodes)}")
        chosen: dict[str, str | int] = {}
        for number, node in enumerate(nodes):
            chosen[f"operation_{number}"] = node.operation
            if number:
                chosen[f"source_{number}"] = node.source
        return chosen

    def cost(self, text: str) -> Cost:
        network = with_cell(find_spec(self.network, self.scale), text).build().eval()
        cost = Cost(parameters=count_parameters(network), macs_per_pixel=macs_per_pixel(network))
        if self.budget.ms is None or self.budget.problem(cost):
            return cost
        size, threads = self.budget.size, self.budget.threads
        pictures = noise(size, 1)
        with exported(network, "onnxruntime", "float32", size, threads, pictures) as upscaler:
            return replace(cost, ms=milliseconds(upscaler, pictures[0]))

    def training(self, text: str) -> Train:  # noqa: ARG002 - a cell is trained as every other
        return self.train

    def recipe(self, text: str) -> Recipe:
        return Recipe(
            network=self.network, scale=self.scale, cell=text, steps=(self.train,), patches=self.patches
        )
