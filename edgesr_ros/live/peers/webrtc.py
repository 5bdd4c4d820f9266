"""WebRTC between two browsers of Chromium, one at each end of the link: one process for each.

`python -m edgesr_ros.live.peers.webrtc robot|ground FOLDER SETTING`, the setting as JSON. They find each
other by files in the folder, so that the link carries nothing but WebRTC.
"""

import base64
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from edgesr_ros.errors import InputError
from edgesr_ros.experiment.plan import Camera, WebRtc
from edgesr_ros.frames.yuv import halved_chroma_to_rgb
from edgesr_ros.live.browser import BROWSER, check_browser, start_browser
from edgesr_ros.live.peers.bar_code import BITS, CELL
from edgesr_ros.live.peers.process import Setting, run_end
from edgesr_ros.live.peers.record import Recorder
from edgesr_ros.live.screens import Looks

_PAGE = Path(__file__).with_suffix(".html")
_OFFER, _ANSWER = "offer.sdp", "answer.sdp"
_PATIENCE = 100.0  # s for the other end's half
_NEWS_PERIOD = 0.2  # s
_PROFILES = {"VP8": "", "VP9": "profile-id=0", "AV1": "profile=0", "H264": "packetization-mode=1"}
_FLAGS = (
    "--disable-quic",
    "--mute-audio",
    # The only network is the link: names by multicast, which hide addresses, would have to cross it.
    "--disable-features=WebRtcHideLocalIpsWithMdns,MediaRouter,OptimizationHints,Translate",
)
_CAMERA_FLAGS = ("--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream")


def check_webrtc() -> None:
    """Whether what it needs is installed; errors as `check_browser`."""
    check_browser("kind: webrtc")


class _Browser:
    """A browser with our page, which is one of the two ends."""

    def __init__(self, end: str, profile: Path, flags: Sequence[str]) -> None:
        from selenium.common.exceptions import WebDriverException
        from urllib3.exceptions import HTTPError

        self._driver = start_browser(profile, (*_FLAGS, *flags))
        self._end, self._failed = end, (WebDriverException, HTTPError)
        self._driver.set_script_timeout(_PATIENCE)
        self._driver.get(_PAGE.as_uri())

    def call(self, name: str, *given: object) -> Any:
        """A function of the page's end; what it returns.

        Raises:
            InputError: it failed.
        """
        script = "call(arguments[0], arguments[1], arguments[2], arguments[3])"
        try:
            answer = self._driver.execute_async_script(script, self._end, name, given)
        except self._failed as error:
            raise InputError(f"{BROWSER}: {str(error).splitlines()[0]}") from None
        if "error" in answer:
            raise InputError(f"{BROWSER}: {self._end}.{name}: {answer['error']}")
        return answer["result"]

    def close(self) -> None:
        self._driver.quit()


def robot(folder: Path, setting: Setting[WebRtc], record: Recorder, going: Callable[[], bool]) -> None:
    """The end with the camera."""
    flags = (*_CAMERA_FLAGS, f"--use-file-for-fake-video-capture={setting.recording}")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        browser = _Browser("robot", Path(profile), flags)
        try:
            _write(folder / _OFFER, browser.call("offer", _asked(setting)))
            browser.call("answered", _read(folder / _ANSWER, going))
            frames = size = 0
            while going():
                news = browser.call("news")
                for at, number in news["noted"]:
                    record.camera(_ns(at), number)
                # How large each of them was, nobody tells: the mean of those since the last time.
                count = news["frames"] - frames
                for _ in range(count):
                    record.sent(_ns(news["at"]), round((news["bytes"] - size) / count))
                if count:
                    frames, size = news["frames"], news["bytes"]
                time.sleep(_NEWS_PERIOD)
        finally:
            browser.close()


def ground(folder: Path, setting: Setting[WebRtc], record: Recorder, going: Callable[[], bool]) -> None:
    """The end with the screen."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        browser = _Browser("ground", Path(profile), ())
        try:
            offer = _read(folder / _OFFER, going)
            _write(folder / _ANSWER, browser.call("answer", _asked(setting), offer))
            frames, next_news, looks = 0, time.monotonic(), Looks(setting.samples_per_s)
            while going():
                if looks.due():
                    seen = browser.call("look")
                    pictures = [(one["number"], _picture(one, setting.camera)) for one in seen["pictures"]]
                    record.screen(_ns(seen["at"]), pictures)
                if time.monotonic() >= next_news:
                    next_news += _NEWS_PERIOD
                    news = browser.call("news")
                    for at, number in news["noted"]:
                        record.shown(_ns(at), number)
                    for _ in range(news["frames"] - frames):
                        record.arrived(_ns(news["at"]))
                    frames = news["frames"]
                time.sleep(0.01)
        finally:
            browser.close()


def _asked(setting: Setting[WebRtc]) -> dict[str, object]:
    """What the page has to know."""
    camera, codec = setting.camera, setting.contender.codec
    code = {"bits": BITS, "cell": CELL, "width": camera.width, "height": camera.height}
    return {"code": code, "rate_hz": camera.rate_hz, "codec": codec, "profile": _PROFILES[codec]}


def _picture(raw: dict[str, Any], camera: Camera) -> np.ndarray:
    """(H, W, 3) uint8 RGB at the camera's size of a VideoFrame's bytes; the sender may have reduced it."""
    data = np.frombuffer(base64.b64decode(raw["data"]), np.uint8)
    width, height = raw["width"], raw["height"]
    half = (-(-height // 2), -(-width // 2))

    def plane(index: int, rows: int, bytes_a_row: int) -> np.ndarray:
        offset, stride = raw["layout"][index]["offset"], raw["layout"][index]["stride"]
        lines = np.lib.stride_tricks.as_strided(data[offset:], (rows, bytes_a_row), (stride, 1))
        return np.ascontiguousarray(lines)

    if raw["format"] == "I420":
        chroma = np.dstack([plane(1, *half), plane(2, *half)])
    elif raw["format"] == "NV12":
        chroma = plane(1, half[0], 2 * half[1]).reshape(*half, 2)
    else:
        raise InputError(f"{BROWSER}: frames are {raw['format']}, expected I420 or NV12")
    rgb = halved_chroma_to_rgb(plane(0, height, width), chroma, "nv12")
    size = (camera.width, camera.height)
    return rgb if size == (width, height) else cv2.resize(rgb, size, interpolation=cv2.INTER_CUBIC)


def _write(path: Path, text: str) -> None:
    """Whole at once: the other end waits for it."""
    begun = path.with_suffix(".part")
    begun.write_text(text, encoding="utf-8", newline="")
    begun.rename(path)


def _read(path: Path, going: Callable[[], bool]) -> str:
    deadline = time.monotonic() + _PATIENCE
    while not path.exists():
        if not going() or time.monotonic() > deadline:
            raise InputError(f"the other end has not written {path.name} within {_PATIENCE:g} s")
        time.sleep(0.05)
    return path.read_bytes().decode()


def _ns(milliseconds: float) -> int:
    return round(milliseconds * 1e6)


if __name__ == "__main__":
    sys.exit(run_end({"robot": robot, "ground": ground}, Setting[WebRtc]))
