"""A recording session: what belongs together is matched by stamp, sampled, measured and summed up."""

import contextlib
import time
from collections import OrderedDict, deque
from pathlib import Path
from typing import Generic, NamedTuple, TypeVar

import numpy as np

from edgesr_ros.codecs.assembly import Assembly
from edgesr_ros.codecs.decoder import FrameDecoder, is_stream
from edgesr_ros.codecs.parts import Message
from edgesr_ros.errors import InputError
from edgesr_ros.quality.facts import PictureFacts
from edgesr_ros.quality.record import REPORT, STRIP, SUMMARY, Recording
from edgesr_ros.quality.report import write_report
from edgesr_ros.quality.rows import FrameRow
from edgesr_ros.quality.sampler import Sample, Sampler
from edgesr_ros.quality.strip import stack_strips
from edgesr_ros.quality.summary import DROPPED, summarise
from edgesr_ros.schema import convert, write_json
from edgesr_ros.sources.files import write_image

# Originals wait for their picture; at 640x480 this holds 9 s of a 25 Hz camera.
_ORIGINALS_BYTES = 200_000_000
_OTHERS_BYTES = 20_000_000
_FACTS_BYTES = 1_000  # what the facts of one picture take, about
_UNSETTLED = 3  # pictures that wait for what is said of them

T = TypeVar("T")


class _Shown(NamedTuple):
    stamp_ns: int
    shown_s: float
    picture: np.ndarray  # (H, W, 3) RGB or (H, W) grey, uint8


class _ByStamp(Generic[T]):
    """The newest items by stamp, within a budget of bytes."""

    def __init__(self, budget: int) -> None:
        self._budget, self._used = budget, 0
        self._items: OrderedDict[int, tuple[T, int]] = OrderedDict()

    def put(self, stamp_ns: int, item: T, size: int) -> None:
        self.take(stamp_ns)
        self._items[stamp_ns] = (item, size)
        self._used += size
        while self._used > self._budget:
            self._used -= self._items.popitem(last=False)[1][1]

    def __contains__(self, stamp_ns: int) -> bool:
        return stamp_ns in self._items

    def take(self, stamp_ns: int) -> T | None:
        if (found := self._items.pop(stamp_ns, None)) is None:
            return None
        self._used -= found[1]
        return found[0]


class Session:
    """Takes in what the topics bring, from one thread; `finish` leaves the files of the record.

    Args:
        folder: where frames.csv, summary.json, strip.png and report.html go.
        sample_rate: pictures per second whose quality is measured, at most.
        source, link: names for the report; empty: unknown.

    Raises:
        InputError: the folder cannot be written to, or the perceptual network is missing.
    """

    def __init__(self, folder: Path, sample_rate: float, source: str, link: str) -> None:
        self._stopped = False
        self._sampler = Sampler(sample_rate)
        self._recording = Recording(folder)
        self._folder, self._source, self._link = folder, source, link
        self._originals = _ByStamp[np.ndarray](_ORIGINALS_BYTES)
        self._received = _ByStamp[bytes | np.ndarray](_OTHERS_BYTES)
        self._assembly, self._stream = Assembly(), FrameDecoder()
        self._facts = _ByStamp[PictureFacts](_OTHERS_BYTES)
        self._unsettled: deque[_Shown] = deque()
        self._counts: dict[str, dict[str, int]] = {}
        self._capacity: list[tuple[float, float | None]] = []
        self._bytes = 0
        self._size: str | None = None
        self._newest_ns: int | None = None
        self._last_original_ns: int | None = None
        self.started: float | None = None  # time.monotonic() of the first frame of either side
        self._ended = 0.0  # and of the last

    @property
    def kept(self) -> int:
        """Number of pictures of which the record is on the disk."""
        return self._recording.kept

    @property
    def shown(self) -> int:
        """Number of pictures recorded so far."""
        return len(self._recording.rows)

    def original(self, stamp_ns: int, array: np.ndarray) -> None:
        """A frame left the camera: (H, W, 3) RGB or (H, W) grey, uint8."""
        if self._stopped:
            return
        self._note_time()
        if stamp_ns == self._last_original_ns:
            # Nobody can say which of them was shown: rather no quality than that of another picture.
            self._originals.take(stamp_ns)
            return
        self._last_original_ns = stamp_ns
        self._originals.put(stamp_ns, array, array.nbytes)

    def received(self, stamp_ns: int, data: bytes, form: str) -> None:
        """A compressed frame arrived at the ground station; `form` is the message's format."""
        if self._stopped:
            return
        self._bytes += len(data)
        with contextlib.suppress(InputError):  # no picture comes of it here, nor at the ground station
            for whole in self._assembly.take(Message(stamp_ns, form, data)):
                if not is_stream(whole.format):  # decoded where it is measured
                    self._received.put(whole.stamp_ns, whole.data, len(whole.data))
                    continue
                shown = self._stream.decode(whole.data, whole.format, whole.stamp_ns)
                self._received.put(shown.stamp_ns, shown.picture, shown.picture.nbytes)

    def facts(self, stamp_ns: int, facts: dict[str, str]) -> None:
        """What the ground station says of a picture that it shows.

        Raises:
            InputError: a value is not what it should be.
        """
        self._facts.put(stamp_ns, PictureFacts.from_pairs(facts), _FACTS_BYTES)
        self._settle()

    def diagnostics(self, node: str, now_s: float, values: dict[str, str]) -> None:
        """What a node of the chain counted so far.

        Raises:
            InputError: a count is no number.
        """
        counts = {key: value for key, value in values.items() if key.startswith((DROPPED, "frames_"))}
        self._counts[node] = convert(counts, dict[str, int], f"/diagnostics of {node}", from_text=True)
        if (kbps := values.get("capacity_kbps")) is not None:
            unlimited = kbps == "unlimited"
            capacity = None if unlimited else convert(kbps, float, "capacity_kbps", from_text=True)
            self._capacity.append((now_s, capacity))

    def picture(self, stamp_ns: int, shown_s: float, array: np.ndarray) -> None:
        """A picture was shown. One shown again counts once: neither its stamp nor its facts are new."""
        if self._stopped:
            return
        self._note_time()
        if stamp_ns == self._newest_ns and stamp_ns not in self._facts:
            return
        self._newest_ns = stamp_ns
        self._unsettled.append(_Shown(stamp_ns, shown_s, array))
        self._settle()

    def stop(self) -> None:
        """Take in no more frames; what the nodes count of those that were is still welcome."""
        self._stopped = True

    def _note_time(self) -> None:
        self._ended = time.monotonic()
        if self.started is None:
            self.started = self._ended

    def _settle(self, all_of_them: bool = False) -> None:
        """Record the pictures whose facts are here; topics overtake each other, and facts may be lost."""
        while self._unsettled and (
            all_of_them or len(self._unsettled) > _UNSETTLED or self._unsettled[0].stamp_ns in self._facts
        ):
            self._record(self._unsettled.popleft())

    def _record(self, shown: _Shown) -> None:
        data, original = self._received.take(shown.stamp_ns), self._originals.take(shown.stamp_ns)
        facts = self._facts.take(shown.stamp_ns) or PictureFacts()
        self._size = f"{shown.picture.shape[1]}x{shown.picture.shape[0]}"
        row = FrameRow(
            stamp_s=shown.stamp_ns * 1e-9,
            shown_s=shown.shown_s,
            age_ms=facts.age_ms,
            method=facts.method,
            bytes=facts.bytes,
            model=facts.model,
            backend=facts.backend,
        )
        self._recording.add(row)
        if data is None and facts.method == "none":
            data = shown.picture  # it came at full size, and nothing was made of it
        if original is not None:
            self._sampler.offer(Sample(row, original, data, shown.picture))

    def finish(self, patience: float) -> Path:
        """Measure for up to `patience` seconds, then write everything; returns the path of the report.

        Raises:
            InputError: a file cannot be written; the others are, as far as they can be.
        """
        failures: list[InputError] = []
        steps = (
            lambda: self._settle(all_of_them=True),
            lambda: self._sampler.measure(self._recording, patience),
            self._recording.close,
            self._write_summary,
            self._write_strip,
            lambda: write_report(self._folder, capacity=self._capacity),
        )
        for step in steps:
            try:
                step()
            except InputError as error:
                failures.append(error)
        if failures:
            raise failures[0]
        return self._folder / REPORT

    def _write_summary(self) -> None:
        summary = summarise(
            self._recording.rows,
            self._counters(),
            link=self._link or None,
            source=self._source or None,
            duration_s=0.0 if self.started is None else self._ended - self.started,
            size=self._size,
        )
        write_json(self._folder / SUMMARY, summary)

    def _write_strip(self) -> None:
        if strips := self._sampler.strips():
            write_image(self._folder / STRIP, stack_strips(strips))

    def _counters(self) -> dict[str, int]:
        """What all nodes counted, as `summarise` takes it."""
        counters: dict[str, int] = {"bytes_received": self._bytes}
        for counts in self._counts.values():
            for key, count in counts.items():
                if key.startswith(DROPPED):
                    counters[key] = counters.get(key, 0) + count
        if "frames_out" in (onboard := self._counts.get("onboard", {})):
            counters["frames_sent"] = onboard["frames_out"]
        return counters
