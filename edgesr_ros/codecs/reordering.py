"""Packets of a stream in any order → pictures: those that come too early wait for what they build on."""

from typing import Generic, NamedTuple, TypeVar

import numpy as np

from edgesr_ros.codecs.frame_number import Dependence, LateError, RecoveringError
from edgesr_ros.codecs.streams import STREAM_CODECS
from edgesr_ros.errors import InputError

About = TypeVar("About")


class _Waiting(NamedTuple, Generic[About]):
    packet: Dependence
    data: bytes
    about: About


class Reordering(Generic[About]):
    """Decodes each packet as soon as what it builds on was decoded.

    A picture is that of the newest frame that could be decoded. What an older packet would show is given up
    when a newer one needs it no more.

    Args:
        codec: of the stream.
    """

    def __init__(self, codec: str) -> None:
        kind = STREAM_CODECS[codec]
        self._decoder, self._numbers = kind.decoder(), kind.numbers
        self._waiting: dict[int, _Waiting[About]] = {}

    def decode(self, data: bytes, about: About) -> tuple[np.ndarray, About]:
        """One packet → the newest picture, (H, W, 3) uint8 RGB, and what was said about its own packet.

        Raises:
            RecoveringError: what the frame builds on is missing; it waits for that.
            LateError: the frame came twice, or a newer one was decoded without it.
            InputError: the bytes are damaged, or too large a picture.
        """
        packet = self._decoder.dependence(data)
        if packet.number in self._waiting:
            raise LateError(f"packet {packet.number} comes twice")
        self._waiting[packet.number] = _Waiting(packet, data, about)
        shown = None
        problem: InputError | None = None
        while (ready := self._ready(packet.number)) is not None:
            try:
                shown = self._decoder.decode(ready.data), ready.about
            except RecoveringError as error:  # of H.264, in a refresh
                problem = problem or error
            except LateError as error:
                if ready.packet.number == packet.number:
                    raise
                problem = problem or error
                continue
            except InputError:
                if ready.packet.number == packet.number:
                    raise
                continue  # what waited is damaged: nothing new about this packet
            self._give_up_before(ready.packet.number)
        if shown is None:
            raise problem or RecoveringError(
                f"frame {packet.base}, which {packet.number} builds on, is missing; waiting for it, or for "
                "one that builds on what is there"
            )
        return shown

    def _ready(self, newest: int) -> _Waiting[About] | None:
        """The oldest that can be decoded, or that has waited too long, and waits no more."""
        order = sorted(self._waiting, key=lambda number: self._numbers.since(number, newest))
        ready = next((n for n in order if self._decoder.can_decode(self._waiting[n].packet)), None)
        if ready is None and order and len(order) > self._waiting[order[0]].packet.patience:
            ready = order[0]
        return None if ready is None else self._waiting.pop(ready)

    def _give_up_before(self, number: int) -> None:
        for other in list(self._waiting):
            if self._numbers.since(other, number) <= 0:
                del self._waiting[other]
