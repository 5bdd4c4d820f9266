"""Workers: processes that take a search's trials one after the other, and train them."""

import multiprocessing
import os
import sys
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from statistics import fmean
from typing import NamedTuple

import torch
from msgspec.structs import replace

from edgesr_ros.errors import InputError
from edgesr_ros.training.patches import PatchSet, prepare_patches
from edgesr_ros.training.ranks import ranks
from edgesr_ros.training.search.recipe import Search
from edgesr_ros.training.search.report import write_report
from edgesr_ros.training.search.trials import Claim, Trials
from edgesr_ros.training.steps.step import Run
from edgesr_ros.training.trainer import Trainer
from edgesr_ros.training.validation import DivergedError
from edgesr_ros.training.weights import load_network, trained
from edgesr_ros.upscaling.card import file_sha256

_MISTAKE, _ENDED = 2, 130  # exit statuses, as commands have them


class Setting(NamedTuple):
    """What workers work on; picklable."""

    name: str  # of the search
    search: Search
    data: Path  # folder of photographs
    work: Path  # folder of all recipes' results
    perceptual: Path | None = None  # as of `Run`
    threads: int | None = None  # of each worker; None: all cores

    @property
    def folder(self) -> Path:
        """Of the search."""
        return self.work / self.name

    @property
    def start(self) -> Path | None:
        """The weights that each trial starts from, if any.

        Raises:
            InputError: there are none yet.
        """
        start = self.search.recipe(self.search.reference).start
        return trained(self.work, start) if start else None

    @property
    def parents(self) -> dict[str, str]:
        """Path of `start` → its sha256."""
        start = self.start
        return {start.relative_to(self.work).as_posix(): file_sha256(start)} if start else {}

    def trials(self) -> Trials:
        """To be closed.

        Raises:
            InputError: as of it and `start`, or the weights are another network's.
        """
        if start := self.start:
            recipe = self.search.recipe(self.search.reference)
            load_network(start, Run(self.name, recipe, self.data, self.work).spec)
        return Trials(self.folder, self.search, self.parents)


def run_workers(setting: Setting, workers: int) -> None:
    """Let so many processes work until no more trials are wanted; one works in this process.

    Raises:
        InputError: one of several ended before; what it has printed says why.
    """
    if workers == 1:
        work(setting)
        return
    context = multiprocessing.get_context("spawn")  # a fork would share torch's threads
    processes = [context.Process(target=_work_below, args=(setting,)) for _ in range(workers)]
    os.environ["TQDM_DISABLE"] = "1"  # for them, when they import it: their bars would overwrite each other
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    if ended := sum(process.exitcode != 0 for process in processes):
        raise InputError(f"{ended} of {workers} workers ended before the search did; run it again to go on")


def work(setting: Setting) -> None:
    """Train trials until no more are wanted: those first whose workers ended before they did.

    Raises:
        InputError: something that every trial needs is missing or wrong.
    """
    if setting.threads:
        torch.set_num_threads(setting.threads)
    search = setting.search
    with closing(setting.trials()) as trials:
        with trials.alone():
            patches = prepare_patches(setting.data, search.patches, search.scale, setting.work / "patches")
        while claim := trials.next():
            with claim.lock:
                _train(claim, trials, setting, patches)
            with trials.alone():
                write_report(trials)


def _train(claim: Claim, trials: Trials, setting: Setting, patches: PatchSet) -> None:
    say = _teller(claim)
    cost = claim.cost
    say(
        f"{'goes on' if claim.adopted else 'begins'}: {claim.text}; {cost.parameters:,} parameters, "
        f"{cost.macs_per_pixel:,} MAC a pixel" + (f", {cost.ms:.1f} ms" if cost.ms is not None else "")
    )
    for steps in trials.search.ends:
        reward = claim.rewards.get(steps)
        if reward is None:
            try:
                reward = fmean(
                    _reward(claim, seed, steps, setting, patches, say) for seed in trials.search.seeds
                )
            except DivergedError as error:
                trials.fail(claim, str(error))
                say(f"failed: {error}")
                return
        on = trials.judge(claim, steps, reward)
        say(f"{setting.search.train.best_by} {abs(reward):.4f} after {steps} steps")
        if not on:
            return


def _reward(
    claim: Claim, seed: int, steps: int, setting: Setting, patches: PatchSet, say: Callable[[str], None]
) -> float:
    """Train a trial with a seed up to so many steps, from its last checkpoint."""
    recipe = replace(setting.search.recipe(claim.text), seed=seed)
    train, folder = setting.search.training(claim.text), claim.folder / f"seed_{seed}"
    with ranks() as team:
        name = f"{setting.name}/{claim.number}"
        run = Run(name, recipe, setting.data, setting.work, setting.perceptual, team)
        facts = run.facts(setting.start, setting.parents, train.steps)
        trainer = Trainer(train, run, patches, folder, facts, setting.start)
        if trainer.step:
            say(f"seed {seed}: from step {trainer.step}")
        score = trainer.run(steps)
    return -score if train.best_by == "lpips_alex" else score


def _teller(claim: Claim) -> Callable[[str], None]:
    def say(text: str) -> None:
        print(f"trial {claim.number}: {text}", flush=True)

    return say


def _work_below(setting: Setting) -> None:
    """`work` in a process that another has started, and that ends with it."""
    parent = multiprocessing.parent_process()
    assert parent

    def end_with_parent() -> None:
        parent.join()
        os._exit(_ENDED)  # as if killed: what is half trained has its checkpoint

    threading.Thread(target=end_with_parent, daemon=True).start()
    try:
        work(setting)
    except InputError as error:
        print(f"edgesr search: {error}", file=sys.stderr)
        sys.exit(_MISTAKE)
    except KeyboardInterrupt:
        sys.exit(_ENDED)
