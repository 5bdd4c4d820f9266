"""What the processes of all peers do alike: take a setting, record, end when asked, say in a line why not."""

import signal
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Generic, TypeVar

import msgspec

from edgesr_ros.errors import InputError
from edgesr_ros.experiment.plan import Camera
from edgesr_ros.live.peers.record import Recorder
from edgesr_ros.schema import Struct

PeerT = TypeVar("PeerT")
Going = Callable[[], bool]


class Setting(Struct, Generic[PeerT]):
    """What both ends are told."""

    contender: PeerT
    camera: Camera
    recording: str  # path of the Y4M file that is the robot's camera
    samples_per_s: float


def run_end(
    ends: Mapping[str, Callable[[Path, Setting[PeerT], Recorder, Going], None]], kind: type[Setting[PeerT]]
) -> int:
    """Run the end that the command line names, until an interrupt; its exit status.

    Args:
        ends: by name; each is given the folder to record into, the setting, what records, and what tells
            whether to go on.
        kind: of the setting, JSON.
    """
    name, folder, setting = sys.argv[1:]
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        # Not an exception: what talks with a browser or a tool has to come to its end first.
        signal.signal(number, lambda *_: stop.set())
    try:
        with Recorder(Path(folder)) as record:
            given = msgspec.json.decode(setting, type=kind)
            ends[name](Path(folder), given, record, lambda: not stop.is_set())
    except InputError as error:
        print(error, file=sys.stderr)
        return 2
    return 0
