"""What the operator sees, compared with what the camera sees at the same moment."""

import hashlib
from collections import OrderedDict
from typing import NamedTuple

import numpy as np

from edgesr_ros.experiment.footage import Footage
from edgesr_ros.experiment.simulation import Glance, Picture
from edgesr_ros.frames.colour import three_channels
from edgesr_ros.quality.distortion import PSNR_LIMIT, psnr
from edgesr_ros.quality.lpips import Lpips
from edgesr_ros.upscaling.base import Upscaler
from edgesr_ros.upscaling.restore import enlarge_by, restore

_PICTURES = 64  # kept enlarged: contenders on the same link often show the same ones

NOTHING = b""  # the key of an empty screen


class Seen(NamedTuple):
    """A moment, judged."""

    at: float
    lpips: float
    psnr_db: float
    flicker: float | None  # grey levels; None: fewer than two pictures yet


class Judge:
    """Enlarges and compares; what was computed for the same frame before is remembered.

    Args:
        footage: what the camera sees.
        networks: by the scale that each enlarges by; bicubic where there is none.
        threads: CPU threads of LPIPS.
    """

    def __init__(self, footage: Footage, networks: dict[int, Upscaler], threads: int) -> None:
        self._footage, self._networks = footage, networks
        self._lpips = Lpips(threads)
        self._pictures: OrderedDict[bytes, np.ndarray] = OrderedDict()
        self._scores: dict[tuple[bytes, int], tuple[float, float]] = {}
        self._flicker: dict[tuple[bytes, bytes], float] = {}

    def see(self, glance: Glance, network: bool) -> Seen:
        """Judge a moment; with `network`, reduced frames are enlarged by the network of their scale.

        An empty screen is black.
        """
        key = self._key(glance.picture, network)
        at = (key, self._footage.position(glance.number))
        if at not in self._scores:
            self._scores[at] = self.compare(self.screen(glance.picture, network), glance.number)
        return Seen(glance.at, *self._scores[at], self._flickering(glance, key, network))

    def compare(self, shown: np.ndarray, number: int) -> tuple[float, float]:
        """LPIPS and PSNR in dB (at most 100) of (H, W, 3) uint8 RGB against the camera's frame `number`."""
        original = self._footage.picture(number)
        return self._lpips(shown, original), min(psnr(shown, original), PSNR_LIMIT)

    def screen(self, picture: Picture | None, network: bool) -> np.ndarray:
        """(H, W, 3) uint8 RGB as shown: enlarged, cut to the camera's size, grey where the camera is."""
        key = self._key(picture, network)
        if key in self._pictures:
            self._pictures.move_to_end(key)
            return self._pictures[key]
        shown = self._make(picture, network)
        self._pictures[key] = shown
        if len(self._pictures) > _PICTURES:
            self._pictures.popitem(last=False)
        return shown

    def _make(self, picture: Picture | None, network: bool) -> np.ndarray:
        frame = self._footage.frame(0)
        height, width = frame.shape[:2]
        if picture is None:
            return np.zeros((height, width, 3), np.uint8)
        enlarge = enlarge_by(self._networks) if network else None
        made = restore(picture.received, (width, height), enlarge, grey=frame.ndim == 2)
        return three_channels(made.picture)

    def _flickering(self, glance: Glance, key: bytes, network: bool) -> float | None:
        """Mean absolute change, from a picture to the next, of what each adds to its original."""
        picture, before = glance.picture, glance.before
        if picture is None or before is None:
            return None
        pair = (key, self._key(before, network))
        if pair not in self._flicker:
            added, added_before = (
                self.screen(shown, network).astype(np.int16) - self._footage.picture(shown.number)
                for shown in (picture, before)
            )
            self._flicker[pair] = float(np.abs(added - added_before).mean())
        return self._flicker[pair]

    def _key(self, picture: Picture | None, network: bool) -> bytes:
        """Equal for pictures that look the same."""
        if picture is None:
            return NOTHING
        by_network = network and picture.factor in self._networks
        salt = bytes([by_network, picture.factor])
        return hashlib.blake2b(picture.received.tobytes(), digest_size=16, salt=salt).digest()
