"""The operator's node as a page sees it, without a browser: pictures, snapshot, recording, refusals."""

import asyncio
import io
import json
import os
import socket
import struct
import subprocess
import sys
import time

import aiohttp
import cv2
import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticArray
from PIL import Image as Pictures
from ros_bench import RELIABLE, TIMEOUT
from sensor_msgs.msg import Image
from std_msgs.msg import Header

from edgesr_ros.frames.message import fill_image
from edgesr_ros.nodes.messages import to_time, with_pairs
from edgesr_ros.quality.facts import PictureFacts
from edgesr_ros.sources.opening import open_source

pytestmark = [pytest.mark.ros]

FACTS = PictureFacts(method="sr", model="tiny", backend="onnxruntime", age_ms=80.0, age_uncertainty_ms=3.0)


@pytest.fixture
def publish(bench, picture):
    """Publishes a picture and its facts, as a ground station does; gives its stamp."""
    facts = bench.node.create_publisher(DiagnosticArray, "image_sr/facts", RELIABLE)
    pictures = bench.node.create_publisher(Image, "image_sr", RELIABLE)

    def publish():
        stamp_ns = time.time_ns()
        message = Image(header=Header(stamp=to_time(stamp_ns), frame_id="optical"))
        fill_image(message, picture)
        facts.publish(with_pairs(message.header, "picture", FACTS.to_pairs()))
        bench.spin(0.02)
        pictures.publish(message)
        return stamp_ns

    return publish


class Page:
    """What a page is told: the newest message of each kind, and all pictures."""

    def __init__(self, live, publish):
        self.live, self._publish = live, publish
        self.told, self.pictures = {}, []

    def recorded(self):
        """Pictures in the recording that goes on."""
        state = self.told.get("recording", {}).get("state")
        return state["pictures"] if state else 0

    async def until(self, condition):
        """Publish and take what comes until the condition holds."""
        while not condition():
            self._publish()
            try:
                message = await asyncio.wait_for(self.live.receive(), 0.1)
            except asyncio.TimeoutError:
                continue
            if message.type == aiohttp.WSMsgType.TEXT:
                told = json.loads(message.data)
                self.told[told.pop("is")] = told
            else:
                assert message.type == aiohttp.WSMsgType.BINARY, message
                (length,) = struct.unpack_from("<I", message.data)
                header = json.loads(message.data[4 : 4 + length])
                self.pictures.append((header, message.data[4 + length :]))
                await self.live.send_json({"do": "seen", "camera": "camera", "id": header["id"]})


def test_a_page_gets_pictures_with_their_facts_a_snapshot_and_a_recording(bench, publish, picture, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    bench.start("operator", port=port, recordings=tmp_path / "recordings", jpeg_quality=95)
    bench.wait(lambda: "the page: " in bench.said(), "the address of the page")

    async def talk():
        async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as session:
            page = Page(await session.ws_connect("/live"), publish)
            await page.live.send_json({"do": "hello"})
            await page.until(lambda: page.pictures and page.pictures[-1][0]["method"])
            header, jpeg = page.pictures[-1]
            answer = await session.get(f"/snapshot?camera=camera&id={header['id']}")
            png = await answer.read()
            await page.live.send_json({"do": "record", "on": True})
            await page.until(lambda: page.recorded() > 2)
            await page.live.send_json({"do": "record", "on": False})
            await page.until(lambda: page.told["recording"]["saved"])
            return header, jpeg, png, page.told

    header, jpeg, png, told = asyncio.run(asyncio.wait_for(talk(), TIMEOUT))
    assert (header["method"], header["model"], header["uncertainty_ms"]) == ("sr", "tiny", 3)
    shown = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert np.abs(cv2.cvtColor(shown, cv2.COLOR_BGR2RGB).astype(int) - picture).mean() < 6
    snapshot = Pictures.open(io.BytesIO(png))
    assert (np.asarray(snapshot) == picture).all()
    assert snapshot.text["frame_id"] == "optical"
    source = open_source(told["recording"]["saved"])
    frames = list(source)
    source.close()
    assert len(frames) > 2
    assert all(np.abs(frame.array.astype(int) - picture).mean() < 6 for frame in frames)
    assert told["recording"]["problem"] == ""


def test_what_cannot_be_is_one_line_at_the_start(ros_domain):
    command = [sys.executable, "-m", "edgesr_ros.nodes.operator", "--ros-args", "-p", "listen:=here"]
    done = subprocess.run(
        command,
        check=False,
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        env=os.environ | {"ROS_DOMAIN_ID": str(ros_domain)},
    )
    assert done.returncode == 2
    assert done.stderr == "listen is 'here', expected an IP address, e.g. 127.0.0.1 or 0.0.0.0\n"
