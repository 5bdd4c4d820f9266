"""The step that prunes: a smaller network of the same family, which a `train` step then lets recover."""

from pathlib import Path
from typing import Annotated

from msgspec import Meta

from edgesr_ros.networks import count_parameters
from edgesr_ros.training.converters.pruning import Importance, Pruning, Scope, Widths
from edgesr_ros.training.goals import AnyGoal
from edgesr_ros.training.macs import macs_per_pixel
from edgesr_ros.training.steps.step import Made, Run, Step, needed
from edgesr_ros.training.weights import BEST, load_network, save_network


class Prune(Step, tag="prune", kw_only=True):
    """Takes the least important channels out of the weights (Torch-Pruning; arXiv 2301.12900)."""

    importance: Importance
    # Those inside of blocks survive it better than the trunk, which is for later steps, after training.
    widths: Widths
    goal: AnyGoal
    scope: Scope = "global"  # the least important channels of all layers, or the same share of each
    # That widths are rounded to: runtimes' kernels work on so many channels at once. Of EdgeSRGAN, 48 → 33
    # channels take longer by measurement.
    multiple: Annotated[int, Meta(ge=1)] = 16

    def run(self, run: Run, weights: Path | None, folder: Path, parents: dict[str, str]) -> Made:
        weights = needed(weights, "prune")
        facts = run.facts(weights, parents)
        whole = load_network(weights, facts.spec)
        pruning = Pruning(self.importance, self.widths, self.goal, self.scope, self.multiple, run.recipe.seed)
        pruned, path = pruning.convert(whole), folder / BEST
        save_network(path, pruned, facts)
        sizes = [f"{count_parameters(one)} ({macs_per_pixel(one)} MAC per pixel)" for one in (whole, pruned)]
        return Made(path, (path,), (f"{' → '.join(sizes)} parameters: {path}",))
