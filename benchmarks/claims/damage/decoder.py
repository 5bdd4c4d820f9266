"""Damaged packets at the decoder of AV1."""

from collections.abc import Sequence
from functools import partial

import cv2
import numpy as np

from benchmarks.claims.damage.claim import DamageRow
from benchmarks.claims.damage.tally import ROUND, Tally
from benchmarks.harness.mutation import mutated
from edgesr_ros.codecs.av1 import Av1Encoder
from edgesr_ros.codecs.av1_decoder import Av1Decoder
from edgesr_ros.codecs.av1_trailer import MOST_PADDING, NUMBERS, SIZE, Av1Trailer
from edgesr_ros.codecs.obu import obus

_SIZES = ((160, 120), (161, 119), (240, 180))  # the second is grey, the last one is halved on the way
_WRONG_TRAILERS = 0.2  # share of packets
_WHOLE_UNITS = 0.7  # the same


def av1_streams(frames: Sequence[np.ndarray]) -> list[list[bytes]]:
    """Packets with all that their trailers can say: stored, recovering, grey, padded, halved."""
    streams = []
    for place, size in enumerate(_SIZES):
        encoder, packets = Av1Encoder(*size, frame_bytes=400, first_number=65_500), list[bytes]()
        for index, frame in enumerate(frames):
            picture = cv2.resize(frame, size)
            if place == 1:
                picture = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
            encoder.set_scale(1 + (place == 2 and index % 20 > 10))
            packets.append(encoder.encode(picture, store=index % 8 == 0, recover=index % 16 == 12))
            if index % 8 == 2:
                encoder.acknowledge(NUMBERS.after(65_500, index - 2))
        encoder.close()
        streams.append(packets)
    return streams


def attack_decoder(frames: Sequence[np.ndarray], count: int, seed: int) -> DamageRow:
    """Packets whose checksums fit what has become of them, one after the other at the decoder of AV1."""
    rng, streams = np.random.default_rng(seed), av1_streams(frames)
    tally = Tally("AV1 packets with a checksum that fits, at the decoder")
    decoder, last = Av1Decoder(), -1  # number of the frame that was decoded last; -1: none
    for index in range(count):
        packets = streams[index // ROUND % len(streams)]
        if index % ROUND == 0 or last < 0:
            decoder.decode(packets[0])
            last = Av1Trailer.of(packets[0]).number
        chosen, other = (packets[int(rng.integers(len(packets)))] for _ in range(2))
        trailer, last = Av1Trailer.of(chosen), NUMBERS.after(last)
        trailer = trailer._replace(number=last, back=min(trailer.back, 1))
        if rng.random() < _WRONG_TRAILERS:
            right, bottom = rng.integers(0, MOST_PADDING + 1, 2).tolist()
            trailer = trailer._replace(right=right, bottom=bottom, halved=bool(rng.integers(2)))
        damaged = _damaged_unit if rng.random() < _WHOLE_UNITS else mutated
        data = damaged(rng, chosen[:-SIZE], other[:-SIZE])
        packet = data + trailer.to_bytes(data)
        if not tally.call(partial(_decode, decoder, packet)):
            last = -1
        if index % ROUND == ROUND - 1:
            good = streams[0][0]
            tally.good(np.array_equal(decoder.decode(good), Av1Decoder().decode(good)))
    return tally.row()


def _damaged_unit(rng: np.random.Generator, packet: bytes, other: bytes) -> bytes:
    """The packet with other contents in one of its units, whose sizes are right: libdav1d has to find out."""
    units = list(obus(packet, 0, len(packet)))
    chosen = units[int(rng.integers(1, len(units)))]  # the first, the delimiter, is empty
    contents = mutated(rng, packet[chosen.first : chosen.end], other)
    return b"".join(
        _unit(unit.kind, contents if unit is chosen else packet[unit.first : unit.end]) for unit in units
    )


def _unit(kind: int, contents: bytes) -> bytes:
    """An OBU with its size (AV1, sections 5.3 and 4.10.5)."""
    size, left = bytearray(), len(contents)
    while left > 0x7F:
        size.append(0x80 | left & 0x7F)
        left >>= 7
    return bytes([kind << 3 | 2, *size, left]) + contents


def _decode(decoder: Av1Decoder, packet: bytes) -> None:
    picture = decoder.decode(packet)
    if picture.dtype != np.uint8 or picture.ndim != 3 or not picture.size:
        raise ValueError(f"picture is {picture.dtype} {picture.shape}")
