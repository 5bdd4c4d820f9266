"""Depth, thermal and other pictures of more than 8 bits → 8 bits: which values are black and which white."""

from typing import Literal, NamedTuple

import cv2
import numpy as np

# What the numbers of a picture are:
#   measurement: distances, temperatures, disparities; what is no measurement is shown black.
#   grey:        brightness, in as many of the bits as the sensor has.
#   colour:      the same of channels, which keep their proportions: black stays 0.
Kind = Literal["measurement", "grey", "colour"]

_PERCENTILES = (1.0, 99.0)  # so that neither flying pixels nor one hot one decide
_SAMPLE_SIDE = 96  # pixels of each side that are looked at, about: 0.2 ms whatever the camera's size
_SHARE = 0.1  # of the way that the range moves with each picture
_JUMP = 0.5  # share of the values out of range: it is another scene, and moving there would take too long
_SMALLEST_SHARE = 1e-3  # of the values, that a range spans at least
_SMALLEST_STEPS = 16  # the same in whole numbers: below is a sensor's noise
_DARKEST = 8  # grey level of the lowest measurement: black is left to what is none
_BRIGHTEST = 255


class ValueRange(NamedTuple):
    """The values that are shown darkest and brightest, in the camera's unit."""

    low: float
    high: float

    def text(self) -> str:
        """For example `500..2980`."""
        return f"{self.low:.6g}..{self.high:.6g}"


class VisibleRange:
    """Scales the pictures of one stream to 8 bits, by a range that follows their values slowly.

    The range lies between two percentiles of the values. With each picture it moves a tenth of the way to
    those of the new one, so that a thing keeps its brightness while others pass; at another scene it jumps.

    Attributes:
        newest: the range of the last picture; None before the first that had a value.
    """

    def __init__(self) -> None:
        self.newest: ValueRange | None = None

    def show(self, values: np.ndarray, kind: Kind) -> np.ndarray:
        """Pictures as uint8 of the same shape: linear from the lowest value in range to the highest.

        Of measurements, unsigned whole numbers of 0 and NaN are none and become 0; all others 8..255. An
        infinite one lies beyond the range, as REP 117 has it: too close is dark, too far is bright.

        Args:
            values: (H, W) or (H, W, C) uint16, float32 or float64.
            kind: what they are.
        """
        if (known := _known(_sample(values), kind)).size:
            self.newest = _moved(self.newest, _suitable(known, kind), known)
        if self.newest is None:
            return np.zeros(values.shape, np.uint8)
        low, high = self.newest
        if values.dtype == np.uint16:  # clipped by whole numbers: a conversion to float takes longer
            low, high = float(round(low)), float(round(high))
        darkest = _DARKEST if kind == "measurement" else 0
        clipped = np.clip(values, values.dtype.type(low), values.dtype.type(high))
        # Before it is scaled: float32 would lose small spans of large values.
        with np.errstate(over="ignore"):
            clipped -= values.dtype.type(low)
        shown = cv2.convertScaleAbs(clipped, alpha=(_BRIGHTEST - darkest) / (high - low), beta=darkest)
        shown = shown.reshape(values.shape)
        if (void := _void(values, kind)) is not None:
            shown[void] = 0
        return shown


def _void(values: np.ndarray, kind: Kind) -> np.ndarray | None:
    """Where there is no value; None: there is one everywhere."""
    if values.dtype.kind == "f":
        return np.isnan(values)
    return values == 0 if kind == "measurement" else None


def _sample(values: np.ndarray) -> np.ndarray:
    """Some of the pixels, evenly spread; steps are odd, so that none of a mosaic's colours is left out."""
    rows, columns = (max(side // _SAMPLE_SIDE, 1) | 1 for side in values.shape[:2])
    return values[::rows, ::columns]


def _known(sample: np.ndarray, kind: Kind) -> np.ndarray:
    """(N,) of its values, those that are some and finite."""
    void = _void(sample, kind)
    known = sample.ravel() if void is None else sample[~void]
    return known[np.isfinite(known)].astype(np.float64) if known.dtype.kind == "f" else known


def _suitable(known: np.ndarray, kind: Kind) -> ValueRange:
    """The range for a picture with these values."""
    whole_numbers = known.dtype.kind == "u"
    low, high = (float(value) for value in np.percentile(known, _PERCENTILES))
    if kind == "colour":
        low = 0.0
    most = float(np.iinfo(known.dtype).max) if whole_numbers else float("inf")
    if kind != "measurement" and 2 * (high - low) >= most:
        return ValueRange(0.0, most)  # it makes use of all its bits: it is shown as it is
    smallest = _SMALLEST_STEPS if whole_numbers else _SMALLEST_SHARE * max(abs(low), abs(high))
    if (missing := (smallest or 1.0) - (high - low)) > 0:
        low, high = low - missing / 2, high + missing / 2
        if low < 0 and (whole_numbers or kind == "colour"):
            low, high = 0.0, high - low
    if high > most:
        low, high = low - (high - most), most
    return ValueRange(low, high)


def _moved(old: ValueRange | None, target: ValueRange, known: np.ndarray) -> ValueRange:
    if old is None or ((known < old.low) | (known > old.high)).mean() > _JUMP:
        return target
    low, high = (before + _SHARE * (after - before) for before, after in zip(old, target, strict=True))
    return ValueRange(low, high)
