"""A bad radio link: carries messages between robot and ground as slowly and lossily as its profile says."""

import heapq
import itertools
import sys
import threading
import time
from typing import Annotated

from diagnostic_msgs.msg import DiagnosticArray
from msgspec import Meta
from rclpy.publisher import Publisher
from rclpy.qos import QoSProfile
from sensor_msgs.msg import CameraInfo, CompressedImage, TimeReference

from edgesr_ros.ends.camera_names import names_of
from edgesr_ros.link.emulator import LinkEmulator
from edgesr_ros.link.packets import Channel
from edgesr_ros.link.profile import read_profile
from edgesr_ros.nodes.diagnostics import DIAGNOSTICS_PERIOD
from edgesr_ros.nodes.node import COMPRESSED, LATCHED, PARTS, EdgesrNode, run
from edgesr_ros.schema import FIXED, Struct


class LinkEmulatorParameters(Struct):
    """Parameters of `link_emulator`; defaults in config/link_emulator.yaml."""

    profile: Annotated[
        str,
        Meta(
            description="Name of a profile in config/links, or path of a YAML file or a recorded trace.",
            extra_json_schema=FIXED,
        ),
    ]
    seed: Annotated[
        int,
        Meta(
            ge=0,
            description="Seed of losses, jitter and duplicates: same seed, same link.",
            extra_json_schema=FIXED,
        ),
    ]
    cameras: Annotated[
        str,
        Meta(
            description="As that of `onboard`: names of several cameras; all go over the one link.",
            extra_json_schema=FIXED,
        ),
    ]

    def __post_init__(self) -> None:
        """Cameras that cannot be called so are refused."""
        names_of(self.cameras)


class EmulatedLink(EdgesrNode[LinkEmulatorParameters]):
    """robot/image_lr → ground/image_lr, and ground/link_report back, each direction its own link."""

    NAME = "link_emulator"
    PARAMETERS = LinkEmulatorParameters

    def __init__(self, **options: object) -> None:
        super().__init__(**options)
        settings = self.parameters.current
        profile = read_profile(settings.profile)
        self._profile = profile
        self._forward = Channel(LinkEmulator(profile, settings.seed))
        self._back = Channel(LinkEmulator(profile, settings.seed + 1))
        self._start = time.monotonic()
        # Who records can so tell which step of the schedule a frame met.
        began_s = self.get_clock().now().nanoseconds * 1e-9
        self.diagnostics.show(schedule_began_s=f"{began_s:.3f}")
        # (when, tie-breaker, where to, serialized message, what it counts as): what is on the air.
        self._on_air: list[tuple[float, int, Publisher, bytes, str]] = []
        self._order = itertools.count()
        self._changed = threading.Condition()
        self._closed = False
        for name in names_of(settings.cameras):
            within = f"{name}/image_lr" if name else "image_lr"
            for kind, topic, qos in (
                (CompressedImage, "compressed", PARTS),
                (CameraInfo, "camera_info", LATCHED),
                (TimeReference, "time_reference", COMPRESSED),
            ):
                self._carry(kind, f"robot/{within}/{topic}", f"ground/{within}/{topic}", qos)
        self._carry(DiagnosticArray, "ground/link_report", "robot/link_report", COMPRESSED)
        self._thread = threading.Thread(target=self._deliver, daemon=True)
        self._thread.start()
        self.every(DIAGNOSTICS_PERIOD, self._show_capacity)

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join()

    def _carry(self, kind: type, source: str, destination: str, qos: QoSProfile) -> None:
        publisher = self.publisher(kind, destination, qos)
        frames = kind is CompressedImage
        channel = self._back if kind is DiagnosticArray else self._forward

        def on_message(message: bytes) -> None:
            now = time.monotonic()
            with self._changed:
                fate = channel.send(now - self._start, len(message))
                for arrival, counter in zip(fate.arrivals, ("frames_out", "duplicates"), strict=False):
                    entry = (self._start + arrival, next(self._order), publisher, message, counter)
                    heapq.heappush(self._on_air, entry)
                self._changed.notify()
            if frames:
                self.diagnostics.count("frames_in")
                self.diagnostics.count("bytes_in", len(message))
                if fate.reason is not None:
                    self.diagnostics.drop(f"link_{fate.reason}")

        self.subscribe(kind, source, on_message, qos, while_heard=[publisher], raw=True, optional=not frames)

    def _deliver(self) -> None:
        while True:
            with self._changed:
                while not self._closed and (
                    not self._on_air or (wait := self._on_air[0][0] - time.monotonic()) > 0
                ):
                    self._changed.wait(wait if self._on_air else None)
                if self._closed:
                    return
                _, _, publisher, message, counter = heapq.heappop(self._on_air)
            publisher.publish(message)
            if publisher.msg_type is CompressedImage:
                self.diagnostics.count(counter)
                self.diagnostics.count("bytes_out", len(message))

    def _show_capacity(self) -> None:
        kbps = self._profile.kbps_at(time.monotonic() - self._start)
        self.diagnostics.show(capacity_kbps="unlimited" if kbps is None else f"{kbps:g}")


def main() -> int:
    """Entry point of the executable."""
    return run(EmulatedLink)


if __name__ == "__main__":
    sys.exit(main())
