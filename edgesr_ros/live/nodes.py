"""Processes of an experiment over DDS that are not the system's own: a stream without pacing, and watchers.

`python -m edgesr_ros.live.nodes sender CONTENDER RATE_HZ` with the contender as JSON, `… robot FOLDER`,
and `… ground FOLDER sr|raw SAMPLES_PER_S`; each takes the name of a camera behind that, of a robot that has
several. What watchers see goes to files, which `live.record` reads: lines of numbers, and the screen at some
moments.
"""

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

import msgspec
import numpy as np
import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.node import Node
from rclpy.qos import QoSProfile
from rosbags.typesys import Stores, get_typestore
from sensor_msgs.msg import CompressedImage, Image

from edgesr_ros.codecs.format import FrameFormat, number_of
from edgesr_ros.control.brief import from_pairs
from edgesr_ros.ends.ground import Ground
from edgesr_ros.errors import InputError
from edgesr_ros.experiment.plan import Paceless
from edgesr_ros.experiment.streams import Stream, stream_of
from edgesr_ros.frames.colour import three_channels
from edgesr_ros.frames.message import image_to_array
from edgesr_ros.live.record import ARRIVED, CAMERA, READY, SENT, SHOWN, fingerprint
from edgesr_ros.live.screens import Looks, write_screen
from edgesr_ros.nodes.executor import Spinner
from edgesr_ros.nodes.messages import as_array, is_picture, nanoseconds, pairs_by_camera
from edgesr_ros.nodes.node import COMPRESSED, FRAMES, PARTS
from edgesr_ros.upscaling.restore import restore

_LOOK_PERIOD = 0.017  # s; lest moments beat with the frames, it shares no period with usual cameras
# What image_transport publishes with unless it is told otherwise.
_RELIABLE = QoSProfile(depth=10)
_TYPES = get_typestore(Stores.ROS2_JAZZY)


class Sender(Node):
    """Each frame encoded and sent at once, whatever the link does, as compressed_image_transport does it."""

    def __init__(self, stream: Stream, camera: str) -> None:
        super().__init__("fixed_sender")
        self._stream, within = stream, _base_of(camera)
        self._frames = self.create_publisher(CompressedImage, f"{within}image_lr/compressed", _RELIABLE)
        self.create_subscription(Image, f"{within}image_raw", self._on_image, FRAMES)

    def _on_image(self, message: Image) -> None:
        if not self._frames.get_subscription_count():
            return
        image = image_to_array(message)
        form = FrameFormat.of(image, self._stream.codec)
        data = as_array(self._stream.encode(image))
        self._frames.publish(CompressedImage(header=message.header, format=form.text(), data=data))


class RobotWatcher(Node):
    """When the camera took which frame, and which of them were sent."""

    def __init__(self, folder: Path, camera: str) -> None:
        super().__init__("robot_watcher")
        taken, self._sent = _Log(folder / CAMERA), _Log(folder / SENT)
        within = _base_of(camera)
        self.create_subscription(
            Image,
            f"{within}image_raw",
            lambda m: taken.add(nanoseconds((frame := _image(m)).header.stamp), fingerprint(frame.data)),
            COMPRESSED,
            raw=True,
        )
        self.create_subscription(CompressedImage, f"{within}image_lr/compressed", self._on_frame, PARTS)

    def _on_frame(self, message: CompressedImage) -> None:
        number = number_of(message.format)
        known = () if number is None else (number,)
        self._sent.add(nanoseconds(message.header.stamp), time.time_ns(), len(message.data), *known)


class GroundWatcher(Node):
    """What arrived, what was shown, and the screen at moments that no clock beats with.

    Args:
        shows: `sr`, the pictures of a ground station; `raw`, the frames as they arrive, enlarged bicubically.
    """

    def __init__(self, folder: Path, shows: str, samples_per_s: float, camera: str) -> None:
        super().__init__("ground_watcher")
        self._folder, self._camera, within = folder, camera, _base_of(camera)
        self._arrived, self._shown = _Log(folder / ARRIVED), _Log(folder / SHOWN)
        self._raw = shows == "raw"
        self._ready = False
        self._ground = Ground()
        self._screen: list[tuple[int, np.ndarray]] = []  # the last two: stamp, picture
        self._looks = Looks(samples_per_s)
        if self._raw:
            topic = f"{within}image_lr/compressed"
            self.create_subscription(CompressedImage, topic, self._on_frame, _RELIABLE)
        else:  # frames that two subscribe to cross the link twice: the ground station's report says the same
            self.create_subscription(DiagnosticArray, "link_report", self._on_report, COMPRESSED)
            self._pictures = f"{within}image_sr"
            self.create_subscription(Image, self._pictures, self._on_picture, FRAMES, raw=True)
        self.create_timer(_LOOK_PERIOD, self._look)

    def _on_frame(self, message: CompressedImage) -> None:
        stamp_ns, now_ns = nanoseconds(message.header.stamp), time.monotonic_ns()
        self._arrived.add(stamp_ns)
        try:
            received = self._ground.decode(stamp_ns, message.data, message.format)
        except InputError:  # damaged: the old picture stays
            return
        _, dropped = self._ground.arrived(now_ns, now_ns, received)
        if received is not None and dropped is None:
            form = received.format
            grey = form.encoding == "mono8"
            made = restore(received.picture, (form.full_width, form.full_height), grey=grey)
            self._show(received.stamp_ns, made.picture)

    def _on_report(self, message: DiagnosticArray) -> None:
        try:
            pairs = pairs_by_camera(message, [self._camera])[self._camera]
        except InputError:  # it tells of other cameras only
            return
        for arrival in from_pairs(pairs).arrivals:  # which have no stamps in a brief report
            self._arrived.add(arrival.stamp_ns if arrival.number is None else arrival.number)

    def _on_picture(self, serialized: bytes) -> None:
        message = _image(serialized)
        if is_picture(message):
            self._show(nanoseconds(message.header.stamp), image_to_array(message))

    def _show(self, stamp_ns: int, picture: np.ndarray) -> None:
        if self._screen and stamp_ns <= self._screen[-1][0]:
            return
        self._shown.add(stamp_ns, time.time_ns())
        self._screen = [*self._screen[-1:], (stamp_ns, three_channels(picture))]

    def _look(self) -> None:
        if not self._ready and (self._raw or self.count_publishers(self._pictures)):
            self._ready = True
            (self._folder / READY).write_text("ready\n", encoding="utf-8")
        if self._looks.due():
            write_screen(self._folder, time.time_ns(), self._screen)


def _image(serialized: bytes) -> Image:
    """As a message of rclpy, without copies of the pixels: of three cameras they took 20 % of a core."""
    return _TYPES.deserialize_cdr(serialized, "sensor_msgs/msg/Image")


def _base_of(camera: str) -> str:
    """What a camera's topics begin with."""
    return f"{camera}/" if camera else ""


class _Log:
    """Lines of numbers, on disk at once."""

    def __init__(self, path: Path) -> None:
        self._file: TextIO = path.open("w", encoding="utf-8", buffering=1)

    def add(self, *numbers: int) -> None:
        self._file.write(" ".join(map(str, numbers)) + "\n")


def main(arguments: list[str]) -> int:
    """Entry point of the process."""
    role, *rest = arguments
    makers: dict[str, Callable[..., Node]] = {
        "sender": lambda contender, rate_hz, camera="": Sender(
            stream_of(msgspec.json.decode(contender, type=Paceless), float(rate_hz)), camera
        ),
        "robot": lambda folder, camera="": RobotWatcher(Path(folder), camera),
        "ground": lambda folder, shows, rate, camera="": GroundWatcher(
            Path(folder), shows, float(rate), camera
        ),
    }
    node = None
    try:
        with Spinner() as spinner:
            node = makers[role](*rest)
            spinner.spin(node)
    except InputError as error:
        print(error, file=sys.stderr)
        return 2
    finally:
        if node is not None:
            node.destroy_node()
        rclpy.try_shutdown()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
