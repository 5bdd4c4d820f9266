"""Who publishes for the operator's page, and who looks at it beside the browser."""

import asyncio
import json
import multiprocessing
import socket
import struct
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import aiohttp
import numpy as np
import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from sensor_msgs.msg import Image
from std_msgs.msg import Header

from benchmarks.harness.camera import CAMERA, spread_frames
from edgesr_ros.frames.message import fill_image
from edgesr_ros.live.peers.bar_code import BITS, CELL, mark, number_in
from edgesr_ros.nodes.messages import to_time, with_pairs
from edgesr_ros.nodes.node import FIGURES, PICTURES
from edgesr_ros.quality.facts import PictureFacts

CLOCK_MS = 1 << BITS  # ms after which the clock in the picture begins anew

# JavaScript that notes, of each picture in the focused figure, the grey levels of its clock's cells
# as the canvas has them, and when it was drawn (ms since 1970).
CLOCK_READER = f"""
window.noted = [];
const figure = document.querySelector("figure.focused");
const canvas = figure.querySelector("canvas");
new MutationObserver(() => {{
  const now = performance.timeOrigin + performance.now();
  const top = canvas.height - {CELL // 2};
  const {{ data }} = canvas.getContext("2d").getImageData(0, top, {BITS * CELL}, 1);
  noted.push([Array.from({{ length: {BITS} }}, (_, bit) => data[4 * {CELL} * bit + {2 * CELL}]), now]);
}}).observe(figure, {{ attributeFilter: ["data-id"] }});
"""


def delay_ms(cells: Sequence[int], shown_ms: float) -> float:
    """Of a picture that was noted: how late it was drawn.

    Args:
        cells: grey levels of the clock's cells, 0..255, `BITS` of them.
        shown_ms: when it was drawn, ms since 1970.

    Returns:
        ms from the time in the picture to that, modulo `CLOCK_MS`: a longer delay passes for a shorter one.
    """
    luma = np.tile(np.repeat(np.array(cells, np.uint8), CELL), (CELL, 1))
    return (shown_ms - number_in(luma)) % CLOCK_MS


def _publish(domain: int, ended: Any) -> None:
    """In a process of its own: pictures and facts, as a ground station gives them, until it is ended.

    In the corner of each picture stands when it is published.
    """
    frames = spread_frames()
    rclpy.init(domain_id=domain)
    node = rclpy.create_node("ground_station_stand_in")
    pictures = node.create_publisher(Image, "image_sr", PICTURES)
    facts = node.create_publisher(DiagnosticArray, "image_sr/facts", FIGURES)
    message, due, count = Image(), time.monotonic(), 0
    while not ended.is_set():
        time.sleep(max(0.0, due - time.monotonic()))
        due += 1 / CAMERA.rate_hz
        now_ns = time.time_ns()
        fill_image(message, mark(frames[count % len(frames)], now_ns // 1_000_000 % CLOCK_MS))
        message.header = Header(stamp=to_time(now_ns))
        known = PictureFacts(method="sr", model="none", backend="none", age_ms=0.0, age_uncertainty_ms=0.0)
        facts.publish(with_pairs(message.header, "picture", known.to_pairs()))
        pictures.publish(message)
        count += 1
    rclpy.shutdown()


class Takers:
    """Viewers that take every picture, and perhaps one that hardly reads.

    Attributes:
        counts: of pictures, by viewer that takes all.
    """

    def __init__(self, port: int, count: int, slow: bool) -> None:
        self.counts = [0] * count
        self._port, self._slow = port, slow
        self._ended = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._take()), daemon=True)
        self._thread.start()

    def close(self) -> None:
        """They leave."""
        self._ended.set()
        self._thread.join()

    async def _take(self) -> None:
        async with aiohttp.ClientSession(f"http://127.0.0.1:{self._port}") as session:
            tasks = [asyncio.create_task(self._one(session, index)) for index in range(len(self.counts))]
            if self._slow:
                tasks.append(asyncio.create_task(self._slowly()))
            while not self._ended.is_set():
                await asyncio.sleep(0.1)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _one(self, session: aiohttp.ClientSession, index: int) -> None:
        live = await session.ws_connect("/live")
        await live.send_json({"do": "hello"})
        async for message in live:
            if message.type == aiohttp.WSMsgType.BINARY:
                (length,) = struct.unpack_from("<I", message.data)
                header = json.loads(message.data[4 : 4 + length])
                await live.send_json({"do": "seen", "camera": header["camera"], "id": header["id"]})
                self.counts[index] += 1

    async def _slowly(self) -> None:
        """Says that it has seen what it has not read; comes back when it is sent away."""
        loop = asyncio.get_running_loop()
        while True:
            with socket.socket() as viewer, suppress(OSError):
                viewer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                viewer.setblocking(False)
                await loop.sock_connect(viewer, ("127.0.0.1", self._port))
                head = f"GET /live HTTP/1.1\r\nHost: 127.0.0.1:{self._port}\r\n"
                upgrade = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                key = "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
                await loop.sock_sendall(viewer, (head + upgrade + key).encode())
                await loop.sock_sendall(viewer, _masked({"do": "hello"}))
                for seen in range(10**6):
                    await asyncio.sleep(1.0)
                    await loop.sock_sendall(viewer, _masked({"do": "seen", "camera": "camera", "id": seen}))
                    if not await loop.sock_recv(viewer, 1):
                        break


def _masked(message: dict[str, object]) -> bytes:
    """A WebSocket's frame with a short text, masked by zeros."""
    data = json.dumps(message).encode()
    return struct.pack("!BBI", 0x81, 0x80 | len(data), 0) + data


@contextmanager
def publishing(domain: int) -> Iterator[None]:
    """Pictures of `CAMERA` and their facts, as of a ground station in the root namespace."""
    context = multiprocessing.get_context("spawn")
    ended = context.Event()
    process = context.Process(target=_publish, args=(domain, ended), daemon=True)
    process.start()
    try:
        yield
    finally:
        ended.set()
        process.join()


def listens(port: int) -> bool:
    """Whether somebody takes connections on a port of this machine."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
