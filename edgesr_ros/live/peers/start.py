"""The processes of a peer: whether they can run here, and their start."""

from pathlib import Path
from typing import NamedTuple

import msgspec

from edgesr_ros.experiment.plan import Experiment, Peer, WebRtc
from edgesr_ros.live.peers.bar_code import check_camera
from edgesr_ros.live.peers.process import Setting
from edgesr_ros.live.peers.srt import check_srt
from edgesr_ros.live.peers.webrtc import check_webrtc
from edgesr_ros.live.processes import Processes

_ENDING = 20.0  # s that browsers may need on a busy machine


class Ending(NamedTuple):
    """How processes are ended.

    Attributes:
        first: names of those that go before the others.
        patience: s that they are given.
    """

    first: tuple[str, ...]
    patience: float = 0.0


def check_peers(experiment: Experiment) -> bool:
    """Whether there is a peer among the contenders; before anything has run, it is seen that it can.

    Raises:
        InputError: it cannot, as something is not installed, or the camera is none for it.
    """
    peers = [contender for contender in experiment.contenders if isinstance(contender, Peer)]
    for peer in peers:
        check_camera(experiment.camera)
        check_webrtc() if isinstance(peer, WebRtc) else check_srt()
    return bool(peers)


def start_peer(
    experiment: Experiment,
    contender: Peer,
    recording: Path,
    record: Path,
    processes: Processes,
    robot: list[str],
    ground: list[str],
) -> Ending:
    """Start both ends of a peer.

    Args:
        experiment: whose camera and moments it has.
        contender: what it is.
        recording: Y4M file that is the robot's camera.
        record: folder that both write into, for `read_peer`.
        processes: that they become part of.
        robot: command that runs others at the robot's end, as `ground` does at the other.
    """
    setting = Setting(
        contender=contender,
        camera=experiment.camera,
        recording=str(recording),
        samples_per_s=experiment.samples_per_s,
    )
    kind = "webrtc" if isinstance(contender, WebRtc) else "srt"
    names = {f"{kind}_ground": ground, f"{kind}_robot": robot}
    for name, within in names.items():
        given = [name.rpartition("_")[2], record, msgspec.json.encode(setting).decode()]
        processes.start_module(name, f"edgesr_ros.live.peers.{kind}", given, within)
    return Ending(tuple(names), _ENDING)
