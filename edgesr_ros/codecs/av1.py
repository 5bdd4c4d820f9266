"""Frames → AV1, live: one packet a frame, at once, and of the size that the link has for this frame.

There is one key frame, the first, and one where nothing else helps. A frame that was lost is mended by a
frame that builds on an earlier one which the receiver is known to have (`acknowledge`). Every packet that is
encoded must be sent: to the receiver, one that was not is a lost one.
"""

import numpy as np

from edgesr_ros.codecs.av1_anchors import Anchors
from edgesr_ros.codecs.av1_preset import SLOWEST, PresetChoice
from edgesr_ros.codecs.av1_rate import RateFollower, quality_of, quantizer_of
from edgesr_ros.codecs.av1_trailer import NUMBERS, Av1Trailer
from edgesr_ros.codecs.machine import ANY, Machine
from edgesr_ros.codecs.svt_av1 import (
    ANCHORS,
    CONSTANT,
    SMALLEST,
    Encoded,
    SvtEncoder,
    SvtError,
    load,
    padded,
)
from edgesr_ros.errors import InputError
from edgesr_ros.frames.colour import planar_420

# A key frame is about as large as others, and so much coarser: of a road at 1,000 bytes a frame mean LPIPS is
# .054 without, .064 with one every 60 or 90 frames, and .073 every 30.
_KEY_EVERY = 90
_LEAST_HALVED = 2 * SMALLEST  # pixels of each side


def missing() -> str | None:
    """Why AV1 cannot be encoded here, in one line; None: it can."""
    try:
        load()
    except SvtError as error:
        return str(error)
    return None


class Av1Encoder:
    """Frames of one size → packets, one each, of AV1 with `Av1Trailer`; one thread at a time.

    Either the quality is constant (`quality`), or the mean size (`frame_bytes`, which may change with every
    frame; with SVT-AV1 4.1 it is followed every 15 frames, and at once where it falls by more than 40 %).

    Args:
        width: of the frames, as `height`; padded to multiples of 16 from 64 on, and cut off by `Av1Decoder`.
        quality: 1..100, as `quantizer_of` takes it.
        frame_bytes: mean size of a packet. Few are larger than twice that; the first about as large.
        key_every: so many frames after the last key frame, or the last one that was acknowledged, the next
            stands alone; 0: none does for that reason.
        first_number: of the frames, modulo 65536; goes on from an earlier encoder's `next_number`.
        machine: where it has no clock the preset is always the usual one, so that the same frames make the
            same packets everywhere.

    Attributes:
        next_number: of the frame that is encoded next.
        quality: that the last packet's quantizer stands for, 1..100.
        key_frames: how many packets stood alone.
        preset: of SVT-AV1, in use.

    Raises:
        InputError: SVT-AV1 is not there, or the size is none that it can encode.
    """

    def __init__(
        self,
        width: int,
        height: int,
        quality: int | None = None,
        *,
        frame_bytes: int | None = None,
        key_every: int = 0,
        first_number: int = 0,
        machine: Machine = ANY,
    ) -> None:
        if (quality is None) == (frame_bytes is None):
            raise ValueError("expected either quality or frame_bytes")
        if (reason := missing()) is not None:
            raise InputError(reason)
        self._library = load()
        self._size = (width, height)
        self._padded = padded(width), padded(height)
        self._constant = None if quality is None else quantizer_of(quality)
        self._rate = RateFollower(frame_bytes or 0, self._library.steered)
        self._key_every, self._unanswered = key_every, 0
        self._clock, self._choice = machine.clock, PresetChoice(width * height, machine)
        self._scale = 1
        self.next_number = NUMBERS.after(first_number, 0)
        self.quality = quality or 0
        self.key_frames = 0
        self._open()

    def _open(self) -> None:
        """An encoder of the library, new, which has no earlier frame."""
        self.preset = self._choice.preset
        self._frames, self._used_scale = 0, 1  # encoded; of the frame before
        self._anchors = Anchors(ANCHORS)
        settings = self._rate.begin() if self._constant is None else {"rc": CONSTANT, "qp": self._constant}
        # It can be given any preset later that is not slower than the one that it was opened with. Where its
        # first frame is given one, packets, time and memory are as if it had been opened with that.
        opened = SLOWEST if self.has_anchors else self.preset
        try:
            self._encoder = SvtEncoder(*self._padded, opened, settings, self._library)
        except SvtError as error:
            width, height = self._size
            raise InputError(f"an image of {width}x{height} is none that av1 can hold ({error})") from None

    @staticmethod
    def live(
        width: int, height: int, frame_bytes: int, most: int | None, first_number: int, machine: Machine
    ) -> "Av1Encoder":
        """One for packets of `frame_bytes` in the mean; `most` is kept to as far as the mean does.

        Where nothing is acknowledged, a receiver that missed something waits 3 s for a key frame at most.
        """
        size = frame_bytes if most is None else min(frame_bytes, most)
        return Av1Encoder(
            width,
            height,
            frame_bytes=size,
            key_every=_KEY_EVERY,
            first_number=first_number,
            machine=machine,
        )

    def follows(self, _frame_bytes: int, _most: int | None, /) -> bool:
        """It always does: no change of the size costs a key frame."""
        return True

    def set_frame_bytes(self, frame_bytes: int) -> None:
        """Another mean size of the packets, from the next one on."""
        self._rate.want(frame_bytes)

    def set_scale(self, scale: int) -> bool:
        """Let the library divide the sides by 1 or 2 from the next frame on; whether it can.

        That costs no key frame. Frames are given in full size all the same.
        """
        able = scale == 1 or (self.has_anchors and min(self._size) >= _LEAST_HALVED)
        self._scale = scale if able else 1
        return able

    @property
    def saving(self) -> float:
        """Times that it would be faster with the least effort."""
        return self._choice.saving

    @property
    def has_anchors(self) -> bool:
        """Whether `recover` can do with less than a key frame."""
        return self._library.steered and self._constant is None

    def acknowledge(self, number: int) -> None:
        """The receiver has decoded the stored frame of this number: `recover` may build on it.

        Older ones are given up. A number that is not stored any more changes nothing.
        """
        self._anchors.acknowledge(number)
        self._unanswered = 0

    def encode(
        self, image: np.ndarray, *, key: bool = False, store: bool = False, recover: bool = False
    ) -> bytes:
        """(H, W, 3) RGB or (H, W) grey uint8 → one packet.

        Args:
            key: it stands alone.
            store: later frames may build on it, once it was acknowledged. At most 3 are stored at a time; the
                oldest of those that were not acknowledged makes room.
            recover: it builds on the frame that was acknowledged last, and on nothing since; where there is
                none, or none of the last 255 frames, or no anchors at all (4.1), it stands alone.

        Raises:
            InputError: the library refuses; the next frame begins anew.
        """
        width, height = self._size
        if image.shape[:2] != (height, width) or image.dtype != np.uint8:
            raise ValueError(f"image is {image.dtype} {image.shape}, expected uint8 {height}x{width}")
        if not self._library.steered and self._choice.preset != self.preset:
            self.close()
            self._open()
        number, base = self.next_number, NUMBERS.after(self.next_number, -1)
        key = key or self._frames == 0 or 0 < self._key_every <= self._unanswered
        use = None
        if recover and not key:
            use = self._anchors.usable(number)
            key = use is None
        clear = None
        stored = store and self.has_anchors
        if stored and not key:
            clear = self._anchors.make_room()
        begun = self._clock() if self._clock else 0.0
        encoded = self._encode(planar_420(image, *self._padded), number, key, use, clear, stored)
        if self._clock:
            self._choice.spent(self._clock() - begun)
        if encoded.key:
            self._anchors.clear()
            self._unanswered = 0
            self.key_frames += 1
        if stored:
            self._anchors.add(number)
        self._frames += 1
        self._unanswered += 1
        self.next_number = NUMBERS.after(number)
        self.quality = quality_of(encoded.quantizer)
        base = number if encoded.key else base if use is None else use
        right, bottom = self._padded[0] - width, self._padded[1] - height
        back = (number - base) % NUMBERS.size
        trailer = Av1Trailer(number, back, image.ndim == 2, stored, right, bottom, self._used_scale == 2)
        return encoded.data + trailer.to_bytes(encoded.data)

    def _encode(
        self,
        picture: np.ndarray,
        number: int,
        key: bool,
        use: int | None,
        clear: int | None,
        stored: bool,
    ) -> Encoded:
        steered = self._library.steered and self._constant is None
        scale = self._scale if self._frames else 1  # the library scales no first frame
        preset = self.preset
        if steered:
            self._choice.resize(self._size[0] * self._size[1] // scale**2)
            preset = self._choice.preset
        try:
            encoded = self._encoder.encode(
                picture,
                key=key,
                rate=self._rate.change(self._frames) if self._constant is None else None,
                preset=preset if steered and (self._frames == 0 or preset != self.preset) else None,
                scale=None if scale == self._used_scale else scale,
                store=_anchor(number) if stored else None,
                clear=_anchor(clear),
                use=_anchor(use),
            )
        except SvtError as error:
            # What it has kept is not known any more.
            self.close()
            self._open()
            raise InputError(str(error)) from None
        self.preset, self._used_scale = preset, scale
        return encoded

    def close(self) -> None:
        """Give the library's memory back; again and again does no harm."""
        self._encoder.close()


def _anchor(number: int | None) -> int | None:
    """What the library calls the frame of this number; it takes no 0."""
    return None if number is None else number + 1
