"""A camera's newest pictures with what is known of them, as JPEG for the page and as PNG to keep."""

import io
import threading
from collections import deque
from typing import NamedTuple

import cv2
import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from edgesr_ros.control.staleness import Staleness
from edgesr_ros.errors import InputError
from edgesr_ros.operator.messages import Frame, PictureHeader, to_frame
from edgesr_ros.quality.facts import PictureFacts
from edgesr_ros.upscaling.restore import restore

SILENT_AFTER = 1.5  # s without a picture that is taken for the end of a stream, whatever `stale` says
_KEPT = 8  # facts and received frames that may wait for their picture
_PNG_LEVEL = 3  # zlib's: three times as fast as the usual 6, for a tenth more bytes
_SNAPSHOTS = 4  # pictures that a page may have on the screen: those under way, and the one behind


class Picture(NamedTuple):
    """A picture as it came."""

    id: int
    stamp_ns: int
    frame_id: str
    pixels: np.ndarray  # (H, W, 3) uint8 RGB or (H, W) grey
    notice: bool  # it says why there is none


class Known(NamedTuple):
    """What the ground station said of a picture."""

    facts: PictureFacts
    at: float | None  # s, when that came; None: it has not


_UNKNOWN = Known(PictureFacts(), None)


class CameraFeed:
    """Puts together what comes of a camera; safe to use from any thread.

    Pictures, facts and the frames that pictures were made of belong together by stamp; where a camera's
    stamps do not tell pictures apart, the newest count.

    Args:
        name: of the camera.
        now: s, monotonic, as all times here.

    Attributes:
        newest: the newest picture; None: none has come.
    """

    def __init__(self, name: str, now: float) -> None:
        self.name = name
        self.newest: Picture | None = None
        self._lock = threading.Lock()
        self._pictures: deque[Picture] = deque(maxlen=_SNAPSHOTS)
        self._known: dict[int, Known] = {}
        self._received: dict[int, np.ndarray] = {}
        self._numbers = 0
        self._fresh = Staleness(now)
        self._announced = False
        self._since: list[tuple[float | None, int]] = []  # age, bytes of what came since it was asked

    def facts(self, stamp_ns: int, facts: PictureFacts, now: float) -> None:
        """What is known of a picture that comes."""
        with self._lock:
            _keep(self._known, stamp_ns, Known(facts, now))
            self._fresh.shown(now)
            self._since.append((facts.age_ms, facts.bytes or 0))

    def received(self, stamp_ns: int, pixels: np.ndarray) -> None:
        """The (h, w, 3) uint8 RGB frame that a picture was enlarged from."""
        with self._lock:
            _keep(self._received, stamp_ns, pixels)

    def picture(self, stamp_ns: int, frame_id: str, pixels: np.ndarray, notice: bool) -> Picture:
        """A picture came."""
        with self._lock:
            self._numbers += 1
            self.newest = Picture(self._numbers, stamp_ns, frame_id, pixels, notice)
            self._pictures.append(self.newest)
            return self.newest

    def again(self) -> Picture | None:
        """The newest picture once more, under a number of its own: it is to be shown otherwise."""
        newest = self.newest
        return newest and self.picture(*newest[1:])

    def announced(self, stale: bool) -> None:
        """The ground station's word on staleness."""
        self._announced = stale

    def is_stale(self, now: float) -> bool:
        """Whether the newest picture must not be taken for a live one."""
        with self._lock:
            self._fresh.check(now, SILENT_AFTER)
            return self._announced or self._fresh.stale

    def since(self) -> list[tuple[float | None, int]]:
        """Age in ms (None: not known) and bytes of each picture that came since this was asked last."""
        with self._lock:
            came, self._since = self._since, []
            return came

    def frame(self, picture: Picture, compared: bool, quality: int) -> tuple[Frame, bytes]:
        """A picture's message for pages, and its JPEG; `compared` is plain enlargement instead."""
        header, pixels = self._shown(picture, compared)
        bgr = cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR) if pixels.ndim == 3 else pixels
        done, jpeg = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])
        if not done:
            raise InputError(f"{self.name}: a picture of {pixels.shape} cannot be compressed")
        data = jpeg.tobytes()
        return to_frame(header, data), data

    def snapshot(self, number: int, compared: bool) -> bytes | None:
        """The picture of that number, else the newest, as PNG with its facts; None: there is none."""
        with self._lock:
            there = {picture.id: picture for picture in self._pictures}
            picture = there.get(number, self.newest)
        if picture is None:
            return None
        header, pixels = self._shown(picture, compared)
        facts, at = self._known_of(picture)
        told = {"camera": self.name, "stamp_ns": header.stamp_ns, "frame_id": picture.frame_id}
        told |= {} if at is None else facts.to_pairs()
        if header.method is not None:
            told["method"] = header.method
        notes = PngInfo()
        notes.add_text("Software", "edgesr_ros")
        for key, value in told.items():
            notes.add_itxt(key, value)
        file = io.BytesIO()
        Image.fromarray(pixels).save(file, "PNG", pnginfo=notes, compress_level=_PNG_LEVEL)
        return file.getvalue()

    def _shown(self, picture: Picture, compared: bool) -> tuple[PictureHeader, np.ndarray]:
        """What is known of a picture, and its pixels."""
        facts, at = self._known_of(picture)
        height, width = picture.pixels.shape[:2]
        pixels, method = picture.pixels, "notice" if picture.notice else facts.method
        with self._lock:
            small = self._received.get(picture.stamp_ns) if method in ("sr", "bicubic") else None
        if compared and small is not None:
            pixels, method = restore(small, (width, height), grey=pixels.ndim == 2).picture, "bicubic"
        header = PictureHeader(
            camera=self.name,
            id=picture.id,
            stamp_ns=str(picture.stamp_ns),
            width=width,
            height=height,
            taken_ms=None if at is None or facts.age_ms is None else round(1e3 * at - facts.age_ms, 1),
            uncertainty_ms=facts.age_uncertainty_ms,
            method=method,
            compared=compared,
            model=facts.model,
            backend=facts.backend,
            consistency_db=facts.consistency_db,
            bytes=facts.bytes,
            received=None if small is None else (small.shape[1], small.shape[0]),
            range_low=facts.range_low,
            range_high=facts.range_high,
        )
        return header, pixels

    def _known_of(self, picture: Picture) -> Known:
        with self._lock:
            return self._known.get(picture.stamp_ns, _UNKNOWN)


def _keep(kept: dict, stamp_ns: int, value: object) -> None:
    kept.pop(stamp_ns, None)
    kept[stamp_ns] = value
    if len(kept) > _KEPT:
        del kept[next(iter(kept))]
