"""The operator's page: pictures with age and mark, the link, all parameters, snapshots, recordings."""

import queue
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from rcl_interfaces.msg import ParameterEvent
from rclpy.serialization import serialize_message
from std_msgs.msg import String

from edgesr_ros.errors import InputError
from edgesr_ros.nodes.node import COMPRESSED, LATCHED, EdgesrNode, run
from edgesr_ros.nodes.operator_camera import OperatorCamera
from edgesr_ros.nodes.remote_parameters import PARAMETERS, RemoteParameters
from edgesr_ros.operator.access import Access, token_for
from edgesr_ros.operator.messages import Set
from edgesr_ros.operator.minute import Minute, camera_row, link_row
from edgesr_ros.operator.recording import Recording
from edgesr_ros.operator.server import Server
from edgesr_ros.operator.settings import OperatorSettings, cameras_of

_STALE_CHECK_PERIOD = 0.1  # s
_SECOND = 1.0
_SILENT_AFTER = 4.0  # s without diagnostics, after which nothing is told of a node
_ROBOT = "onboard"
_ANYWHERE = ("0.0.0.0", "::")


class _Audience:
    """Whether anything is wanted, in the way that `Input` asks it of publishers."""

    def __init__(self, wanted: Callable[[], bool]) -> None:
        self._wanted = wanted

    def get_subscription_count(self) -> int:
        return int(self._wanted())


class Operator(EdgesrNode[OperatorSettings]):
    """image_sr, what is known of it and of the link → a page in a browser; what is set there → the nodes."""

    NAME = "operator"
    PARAMETERS = OperatorSettings

    def __init__(self, **options: object) -> None:
        super().__init__(**options)
        settings = self.parameters.current
        bases = cameras_of(settings.cameras)
        token = token_for(settings.listen, settings.token_file)
        access = Access(settings.listen, token)
        self._asked: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._guard = self.create_guard_condition(self._do_what_is_asked)
        self._recording: Recording | None = None
        self._minutes = {"cameras": Minute(), "links": Minute()}
        self._said: dict[str, tuple[float, DiagnosticStatus]] = {}
        self._stale: dict[str, bool] = {}
        self._server = Server(access, tuple(bases), settings.max_viewers, self)
        self._focus = self.publisher(String, "focus", LATCHED)
        heard = [_Audience(lambda: self._server.viewers() > 0 or self._records())]
        self._cameras = {
            name: OperatorCamera(self, name, base, heard, self._server, self._keep, self._records)
            for name, base in bases.items()
        }
        self._remotes = RemoteParameters(self, {**PARAMETERS, self.NAME: OperatorSettings}, self._tell_values)
        if settings.hear_robot:
            for kind, topic, callback in (
                (DiagnosticArray, "/diagnostics", self._on_diagnostics),
                (ParameterEvent, "/parameter_events", self._remotes.on_event),
            ):
                self.subscribe(
                    kind, topic, callback, COMPRESSED, while_heard=heard, optional=True, shared=True
                )
        self.every(_SECOND, self._every_second)
        self._server.start(settings.listen, settings.port)
        # Ten times a second: by the executor, which looks at all that a node has, that were 1 % of a core.
        self._server.every(_STALE_CHECK_PERIOD, self._check_staleness)
        self.get_logger().info(f"the page: {_address(settings.listen, self._server.port, token)}")

    def close(self) -> None:
        self._server.close()
        for camera in self._cameras.values():
            camera.close()
        if self._recording is not None:
            self._recording.close()

    # What pages ask, in the server's thread: `operator.viewer.Actions`.

    def audience(self) -> None:
        self._ask(self._listeners_changed)

    def again(self, camera: str) -> None:
        self._cameras[camera].again()

    def focus(self, camera: str) -> None:
        self._ask(lambda: self._focus.publish(String(data=camera)))

    def record(self, on: bool) -> None:
        self._ask(lambda: self._record(on))

    def set(self, request: Set, answer: Callable[[str], None]) -> None:
        self._ask(lambda: self._remotes.set(request.node, request.name, request.value, answer))

    def snapshot(self, camera: str, number: int, compared: bool) -> bytes | None:
        return self._cameras[camera].feed.snapshot(number, compared)

    def _ask(self, step: Callable[[], None]) -> None:
        """Have it done by the executor's thread, as all that ROS has part in."""
        self._asked.put(step)
        self._guard.trigger()

    def _do_what_is_asked(self) -> None:
        while not self._asked.empty():
            self._asked.get()()

    def _record(self, on: bool) -> None:
        problem = saved = ""
        if on and self._recording is None:
            try:
                self._recording = Recording(Path(self.parameters.current.recordings).expanduser())
            except InputError as error:
                problem = str(error)
                self.bad_input(error)
        elif not on and self._recording is not None:
            ended, self._recording = self._recording, None
            ended.close()
            problem, saved = ended.problem, str(ended.path)
            self.get_logger().info(f"recorded {saved}")
        self._listeners_changed()
        self._tell_recording(problem, saved)

    def _records(self) -> bool:
        return self._recording is not None

    def _keep(self, topic: str, message: Any) -> None:
        """Write a message down, while there is a recording; from any thread."""
        if (recording := self._recording) is not None:
            package, folder, *_ = type(message).__module__.split(".")
            kind = f"{package}/{folder}/{type(message).__name__}"
            now_ns = self.get_clock().now().nanoseconds
            recording.put(self.resolve_topic_name(topic), kind, now_ns, serialize_message(message))

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        for status in message.status:
            if status.hardware_id == "edgesr_ros":
                self._said[status.name] = (time.monotonic(), status)
        self._keep("/diagnostics", message)

    def _check_staleness(self) -> None:
        now = time.monotonic()
        stale = {name: camera.feed.is_stale(now) for name, camera in self._cameras.items()}
        if stale != self._stale:
            self._stale = stale
            self._server.tell("stale", cameras=stale)

    def _every_second(self) -> None:
        self._remotes.look()
        now = time.monotonic()
        self._said = {name: said for name, said in self._said.items() if now - said[0] < _SILENT_AFTER}
        said = {name: status for name, (_, status) in sorted(self._said.items())}
        robots = {
            name: {pair.key: pair.value for pair in status.values}
            for name, status in said.items()
            if name.rpartition("/")[2] == _ROBOT
        }
        cameras = {name: camera_row(camera.feed.since()) for name, camera in self._cameras.items()}
        self._minutes["cameras"].add(cameras)
        self._minutes["links"].add({name: link_row(figures) for name, figures in robots.items()})
        self._server.tell("minute", **{what: minute.rows() for what, minute in self._minutes.items()})
        self._server.tell("robots", figures=robots)
        nodes = [
            {"name": name, "level": int.from_bytes(status.level, "little"), "text": status.message}
            for name, status in said.items()
        ]
        self._server.tell("nodes", nodes=nodes)
        if self._recording is not None:
            self._tell_recording()

    def _tell_recording(self, problem: str = "", saved: str = "") -> None:
        state = None if self._recording is None else self._recording.state()._asdict()
        self._server.tell("recording", state=state, problem=problem, saved=saved)

    def _tell_values(self) -> None:
        self._server.tell("parameters", nodes=self._remotes.values())


def _address(listen: str, port: int, token: str) -> str:
    """What is to be typed into a browser; the token behind a # goes into no log of requests."""
    host = socket.gethostname() if listen in _ANYWHERE else listen
    host = f"[{host}]" if ":" in host else host
    return f"http://{host}:{port}/" + (f"#{token}" if token else "")


def main() -> int:
    """Entry point of the executable."""
    cv2.setNumThreads(1)  # a second one that waits for the next picture takes 2 % of a core
    return run(Operator)


if __name__ == "__main__":
    sys.exit(main())
