"""Recorded links: capacity over time from a file, in the forms in which public traces come."""

import csv
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from msgspec import Meta

from edgesr_ros.errors import InputError
from edgesr_ros.link.capacity import Kbps, Seconds
from edgesr_ros.link.curve import Curve
from edgesr_ros.schema import Struct, convert, read_json, read_text

MAHIMAHI = (".up", ".down")
SUFFIXES = (*MAHIMAHI, ".json", ".csv")

_OPPORTUNITY_KBIT = 12.0  # 1500 bytes (Netravali et al. 2015, Mahimahi: Accurate Record-and-Replay for HTTP)
_TICK = 0.001  # s: Mahimahi's resolution
_AVERAGED = 1.0  # s

DelayMs = Annotated[float, Meta(ge=0, le=60_000)]


class Trace:
    """A recorded capacity, exact to the recording's own resolution. At its end it begins again.

    Args:
        curve: the recording.
        delays: propagation delay in each piece of the curve, s; none where nothing was recorded.
        start: second of the recording at which the link starts.
        averaged: `kbps_at` is the mean of the second around, as opportunities come one by one.
    """

    def __init__(
        self, curve: Curve, delays: Sequence[float] = (), start: float = 0.0, averaged: bool = False
    ) -> None:
        self._curve, self._delays, self._start, self._averaged = curve, tuple(delays), start, averaged

    def kbps_at(self, t: float) -> float | None:
        """As `Capacity`."""
        t += self._start
        if not self._averaged:
            return self._curve.kbps_at(t)
        begin = max(0.0, t - _AVERAGED / 2)
        return self._curve.kbit(begin, begin + _AVERAGED) / _AVERAGED

    def kbit(self, start: float, end: float) -> float:
        """As `Capacity`."""
        return self._curve.kbit(self._start + start, self._start + end)

    def finish(self, start: float, size: float) -> float:
        """As `Capacity`; exact."""
        return self._curve.finish(self._start + start, size) - self._start

    def delay_at(self, t: float) -> float:
        """As `Capacity`."""
        return self._delays[self._curve.piece_at(self._start + t)] if self._delays else 0.0


class _Measurement(Struct):
    """An entry of a JSON trace, as those of 4G/LTE in Ghent (van der Hooft et al. 2016) that Sabre plays."""

    duration_ms: Annotated[float, Meta(gt=0, le=1e12)]
    bandwidth_kbps: Kbps
    latency_ms: DelayMs = 0.0


class _Row(Struct):
    """A line of a CSV trace, in the words of a profile."""

    seconds: Seconds
    kbps: Kbps
    delay_ms: DelayMs = 0.0


def read_trace(path: Path, start: float = 0.0) -> Trace:
    """The trace in a file; its suffix says in which form.

    - `.up`, `.down`: Mahimahi's. Each line is the millisecond at which 1500 bytes can be delivered.
    - `.json`: a list of {duration_ms, bandwidth_kbps, latency_ms}; the latency may be left out.
    - `.csv`: a header `seconds,kbps` or `seconds,kbps,delay_ms`; a line for each stretch of time.

    Args:
        path: the file.
        start: second of the recording at which the link starts.

    Raises:
        InputError: not such a file, or one that never carries anything; names file, place and key.
    """
    suffix = path.suffix.lower()
    if suffix in MAHIMAHI:
        trace = Trace(_opportunities(path), start=start, averaged=True)
    elif suffix == ".json":
        entries = read_json(path, tuple[_Measurement, ...])
        rows = [(e.duration_ms / 1000, e.bandwidth_kbps, e.latency_ms / 1000) for e in entries]
        trace = _from_rows(path, rows, "bandwidth_kbps", start)
    elif suffix == ".csv":
        trace = _from_rows(path, _csv_rows(path), "kbps", start)
    else:
        raise InputError(f"{path}: expected a trace that ends in one of {', '.join(SUFFIXES)}")
    return trace


def _from_rows(path: Path, rows: Sequence[tuple[float, float, float]], key: str, start: float) -> Trace:
    if not any(kbps > 0 for _, kbps, _ in rows):
        raise InputError(f"{path}: {key}: expected at least one above 0")
    seconds, kbps, delays = zip(*rows, strict=True)
    return Trace(Curve(seconds, kbps, repeat=True), delays if any(delays) else (), start)


def _opportunities(path: Path) -> Curve:
    """An opportunity at t ms carries its bytes in the millisecond that ends at t.

    What one frame leaves of an opportunity serves the next frame in the queue, as in Mahimahi.
    """
    counts: Counter[int] = Counter()
    last = 0
    for number, line in enumerate(read_text(path).splitlines(), start=1):
        text = line.strip()
        if not (text.isascii() and text.isdigit() and len(text) < 12 and int(text) >= last):
            expected = f"expected milliseconds, a whole number of {last} or more"
            raise InputError(f"{path}: line {number}: {expected}, got {text[:40]!r}")
        last = int(text)
        counts[max(last, 1)] += 1
    if last == 0:
        raise InputError(f"{path}: expected a delivery opportunity (milliseconds, above 0) in each line")
    seconds, kbps, now = [], [], 0
    for at, count in counts.items():
        if at - 1 > now:
            seconds.append((at - 1 - now) * _TICK)
            kbps.append(0.0)
        seconds.append(_TICK)
        kbps.append(count * _OPPORTUNITY_KBIT / _TICK)
        now = at
    return Curve(seconds, kbps, repeat=True)


def _csv_rows(path: Path) -> list[tuple[float, float, float]]:
    reader = csv.reader(read_text(path).splitlines())
    known = list(_Row.__struct_fields__)
    header = [name.strip() for name in next(reader, [])]
    if header not in (known, known[:2]):
        raise InputError(f"{path}: line 1: expected {','.join(known)}, the last may be left out")
    rows = []
    for cells in reader:
        where = f"{path}: line {reader.line_num}"
        if len(cells) != len(header):
            raise InputError(f"{where}: expected {len(header)} values, got {len(cells)}")
        row = convert(dict(zip(header, map(str.strip, cells), strict=True)), _Row, where, from_text=True)
        rows.append((row.seconds, row.kbps, row.delay_ms / 1000))
    return rows
