"""The runs of an experiment in simulated time, a link and a recording at a time, as one process does them."""

import os
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np

from edgesr_ros.ends.ground import Ground
from edgesr_ros.errors import InputError
from edgesr_ros.experiment.content import content_kbps
from edgesr_ros.experiment.footage import Footage
from edgesr_ros.experiment.measure import Names, row_of
from edgesr_ros.experiment.plan import Contender, Experiment, Ours, Peer
from edgesr_ros.experiment.robots import robots_of
from edgesr_ros.experiment.rows import Row
from edgesr_ros.experiment.screen import Judge, Seen
from edgesr_ros.experiment.simulation import Glance, Simulation
from edgesr_ros.link.emulator import LinkEmulator
from edgesr_ros.link.packets import Channel
from edgesr_ros.link.profile import LinkProfile
from edgesr_ros.upscaling.base import Upscaler
from edgesr_ros.upscaling.catalog import load_upscaler

_THREADS = 2  # of the networks, where there are so many processors for a process


class Panel(NamedTuple):
    """What a contender showed at a moment; the first of a strip is the camera's own picture."""

    contender: str
    picture: np.ndarray  # (H, W, 3) uint8 RGB
    lpips: float | None


class Strip(NamedTuple):
    """A moment of a link and recording, as each contender showed it."""

    link: str
    recording: str
    at: float | None  # s; None: of each run another
    panels: list[Panel]


class Setup(NamedTuple):
    """What a process is told that is to run tasks of an experiment.

    Attributes:
        links: profiles by name.
        sources: each recording's path by its name in tables.
        threads: CPU threads of the networks; with another number figures may differ in their last digits.
    """

    experiment: Experiment
    links: Mapping[str, LinkProfile]
    sources: Mapping[str, str]
    threads: int


class Task(NamedTuple):
    """A recording over a link, by their names."""

    recording: str
    link: str


class Found(NamedTuple):
    """What a task finds: the rows of all contenders, and a moment of it."""

    rows: list[Row]
    strip: Strip


def threads_for(jobs: int) -> int:
    """CPU threads of the networks, of so many processes beside each other."""
    return max(1, min(_THREADS, (os.cpu_count() or 1) // jobs))


class Benches:
    """What a process needs for any task of a setup.

    Raises:
        InputError: a recording or model cannot be read.
    """

    def __init__(self, setup: Setup) -> None:
        experiment, self.links, sources, threads = setup
        networks = load_networks(experiment.models, threads)
        self.by_recording = {
            name: _Bench(experiment, Footage.read(name, source, experiment.camera), networks, threads)
            for name, source in sources.items()
        }

    def run(self, task: Task) -> Found:
        """All contenders over a link."""
        return self.by_recording[task.recording].run_all(task.link, self.links[task.link])


def load_networks(models: Sequence[str], threads: int = _THREADS) -> dict[int, Upscaler]:
    """Networks by their scales.

    Raises:
        InputError: one cannot be loaded, or two enlarge by the same factor.
    """
    networks: dict[int, Upscaler] = {}
    for index, name in enumerate(models):
        try:
            network = load_upscaler(name, threads=threads)
        except InputError as error:
            raise InputError(f"models[{index}]: {error}") from None
        if network.scale in networks:
            raise InputError(f"models[{index}]: {name} is the second of x{network.scale}, expected one")
        networks[network.scale] = network
    return networks


class _Bench:
    """The runs with one recording."""

    def __init__(
        self, experiment: Experiment, footage: Footage, networks: dict[int, Upscaler], threads: int
    ) -> None:
        self._experiment, self.footage = experiment, footage
        self.judge = Judge(footage, networks, threads)
        self._memories: dict[tuple[str, int], dict[int, bytes]] = {}
        # Somewhere within each period of sampling, lest the moments beat with the frames.
        rng = np.random.default_rng(experiment.seed)
        number = max(1, round(experiment.seconds * experiment.samples_per_s))
        self._moments = (np.arange(number) + rng.random(number)) * experiment.seconds / number

    @cached_property
    def _content_kbps(self) -> float:
        return content_kbps(self.footage, self._experiment.camera.rate_hz)

    def run_all(self, link: str, profile: LinkProfile) -> Found:
        """The rows of all contenders on a link, and a moment of it."""
        runs = [self._run(contender, link, profile) for contender in self._experiment.contenders]
        rows = [row for rows, _ in runs for row in rows]
        return Found(rows, self._strip(link, [glances for _, glances in runs]))

    def _run(
        self, contender: Contender, link: str, profile: LinkProfile
    ) -> tuple[list[Row], list[tuple[Glance, Seen]]]:
        """A contender's row on a link for each camera, and what was on the screen of the first."""
        experiment = self._experiment
        cameras = range(experiment.cameras)
        later = [index * len(self.footage) // len(cameras) for index in cameras]
        footages = [self.footage.later(frames) for frames in later]
        memories = [self._memories.setdefault((contender.name, index), {}) for index in cameras]
        glances: list[list[tuple[Glance, Seen]]] = [[] for _ in cameras]
        network = by_network(contender)

        def look(glance: Glance) -> None:
            glance = glance.later(later[glance.camera])
            glances[glance.camera].append((glance, self.judge.see(glance, network)))

        simulation = Simulation(
            robots_of(contender, footages, experiment.camera.rate_hz, memories),
            [Ground() for _ in cameras],
            Channel(LinkEmulator(profile, experiment.seed)),
            Channel(LinkEmulator(profile, experiment.seed + 1)),
            experiment.camera,
            experiment.processing,
            self._moments,
            look,
        )
        rows = []
        for index, run in enumerate(simulation.run(experiment.seconds)):
            name = contender.name if len(cameras) == 1 else f"{contender.name}, camera {index + 1}"
            names = Names(name, link, self.footage.name, "simulated")
            seen = [seen for _, seen in glances[index]]
            rows.append(row_of(names, run, seen, profile, self._content_kbps))
        return rows, glances[0]

    def _strip(self, link: str, runs: Sequence[Sequence[tuple[Glance, Seen]]]) -> Strip:
        """The moment whose mean LPIPS over all contenders is the median: neither the worst nor the best."""
        means = np.mean([[seen.lpips for _, seen in glances] for glances in runs], axis=0)
        index = int(np.argsort(means)[len(means) // 2])
        glance, _ = runs[0][index]
        panels = [Panel("camera", self.footage.picture(glance.number), None)]
        for contender, glances in zip(self._experiment.contenders, runs, strict=True):
            glance, seen = glances[index]
            picture = self.judge.screen(glance.picture, by_network(contender))
            panels.append(Panel(contender.name, picture, seen.lpips))
        return Strip(link, self.footage.name, glance.at, panels)


def by_network(contender: Contender) -> bool:
    """Whether reduced frames of a contender are enlarged by a network."""
    if isinstance(contender, Peer):
        return False
    return isinstance(contender, Ours) or contender.enlarge == "network"
