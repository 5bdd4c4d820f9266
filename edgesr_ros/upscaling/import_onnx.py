"""A network that others exported → a model file like ours, by trying out what nobody has written down."""

import itertools
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from edgesr_ros.errors import InputError
from edgesr_ros.frames.reduce import MAX_SCALE
from edgesr_ros.frames.resize import enlarge_bicubic
from edgesr_ros.upscaling.card import MARGIN, InputSize, ModelCard, Range, file_sha256, write_card
from edgesr_ros.upscaling.onnx_runtime import OnnxUpscaler
from edgesr_ros.upscaling.wrap_onnx import Graph, Layout, Reading

RANGES: dict[str, Range] = {
    "0..1": (0.0, 1.0),
    "0..255": (0.0, 255.0),
    "-1..1": (-1.0, 1.0),
}  # usual ones first

_USUAL = 1.0  # dB by which a less usual reading has to be nearer to bicubic: biases hardly tell them apart
_UNLIKE = 15.0  # dB to bicubic below which nothing was enlarged
_KNOWN = InputSize(width=64, height=48)  # of the picture that readings are tried with …
_TILE = InputSize(width=128, height=128)  # … and for a network that does not take that
_ODD = InputSize(width=61, height=45)
_LOOK = InputSize(width=129, height=129)  # of the pictures that the reach is measured with
_SPARE = 2  # small pixels more than measured: 8 bits do not show the faintest influence
_THREADS = 2
_SUFFIXES = (".onnx", ".pt", ".pth", ".tar", ".bin", ".ckpt")  # of files that networks come in


class Imported(NamedTuple):
    """What was found out of a network.

    Attributes:
        model: the file that was written.
        scale: enlargement of both sides.
        reading: how it takes pictures.
        bicubic_db: PSNR of what it makes of a known picture, against bicubic.
        others: how near the other readings came, the nearest first.
        size: of the pictures that it takes; None: any.
        reach: small pixels to each side that a pixel of the result depends on; None: as far as was measured.
    """

    model: Path
    scale: int
    reading: Reading
    bicubic_db: float
    others: list[tuple[Reading, float]]
    size: InputSize | None
    reach: int | None


def name_after(source: Path, scale: int) -> str:
    """What a model is called that was made of a file: `<FILE's name>_x<scale>`, once."""
    name = source.name
    while (rest := Path(name)).suffix.lower() in _SUFFIXES:
        name = rest.stem
    return name if name.endswith(f"_x{scale}") else f"{name}_x{scale}"


def check_other(source: Path, target: Path) -> None:
    """Raise InputError where what is to be written is what it is made of."""
    if target.exists() and target.samefile(source):
        raise InputError(f"--output: is the input, {source}; expected another file")


def import_onnx(
    source: Path,
    target: Path | None,
    scale: int | None,
    layout: Layout | None,
    limits: Range | None,
    licence: str,
) -> Imported:
    """Wrap a graph, measure it, and write it with its card.

    Args:
        source: the ONNX file.
        target: to write; None: by its name, in this folder.
        scale: by which it enlarges both sides; None: as the size of what comes out tells.
        layout: of its input and output; None: as a known picture comes out best.
        limits: of its samples at both; None: likewise.
        licence: of its weights, for the card.

    Raises:
        InputError: no such network, a scale or layout that it has not, or a file that cannot be written.
    """
    graph = Graph(source)
    if layout and layout not in graph.layouts:
        raise InputError(f"--layout {layout}: {source} takes {graph.layouts[0]}")
    layouts = [layout] if layout else graph.layouts
    if target and target.suffix != ".onnx":
        raise InputError(f"--output: expected a name that ends with .onnx, got {target.name!r}")
    trials = _Trials(graph, source, scale)
    found = trials.all(layouts, [limits] if limits else list(RANGES.values()))
    (reading, nearness), *others = found
    scale = trials.scale
    target = target or Path(f"{name_after(source, scale)}.onnx")
    check_other(source, target)
    if nearness < _UNLIKE and not (layout and limits):
        raise InputError(
            f"{source}: nothing like a picture enlarged {scale} times comes out, by any layout and range "
            f"({nearness:.0f} dB from bicubic with {reading}); if it is right, give --layout and --range"
        )
    size = graph.size(reading.layout) or trials.size_needed(reading)
    facts = Imported(target, scale, reading, nearness, others, size, trials.reach(reading, size))
    try:
        target.write_bytes(graph.wrapped(reading, size))
    except OSError as error:
        raise InputError(f"{target}: cannot be written ({error.strerror})") from None
    card = _card(graph, facts, source, trials.macs(reading, size), licence)
    with closing(OnnxUpscaler(target, card, _THREADS)):
        write_card(target, card)
    return facts


class _Trials:
    """Runs a graph by one reading or another.

    Attributes:
        scale: by which it enlarges; where it is not given, 0 until a picture came out.
    """

    def __init__(self, graph: Graph, source: Path, scale: int | None) -> None:
        self._graph, self._source, self.scale = graph, source, scale or 0
        self._failure = ""  # of the last run that failed

    def all(self, layouts: list[Layout], ranges: list[Range]) -> list[tuple[Reading, float]]:
        """All readings that give a picture of the right size, the likeliest first, with the dB to bicubic."""
        found = []
        for layout in layouts:
            # The same range in and out is the rule; others come later, and have to be nearer.
            for into, out in sorted(itertools.product(ranges, repeat=2), key=lambda pair: pair[0] != pair[1]):
                reading = Reading(layout, into, out)
                if (nearness := self._nearness(reading)) is not None:
                    found.append((reading, nearness))
        if not found:
            raise InputError(f"{self._source}: {self._failure or 'no picture comes out'}")
        best = max(nearness for _, nearness in found)
        chosen = next(entry for entry in found if entry[1] > best - _USUAL)
        return [chosen, *sorted((entry for entry in found if entry != chosen), key=lambda entry: -entry[1])]

    def size_needed(self, reading: Reading) -> InputSize | None:
        """None: it takes any size, as far as an odd one tells; else one that it takes."""
        if self._run(reading, None, [_picture(_ODD)]):
            return None
        return _TILE if self._run(reading, _TILE, [_picture(_TILE)]) else _KNOWN

    def reach(self, reading: Reading, size: InputSize | None) -> int | None:
        """How far from a block of pixels that change the result changes; None: to the picture's border."""
        look = size or _LOOK
        row, column = look.height // 2, look.width // 2
        pairs = []
        for value in (0, 255):
            for picture in (_picture(look), np.full((look.height, look.width, 3), 128, np.uint8)):
                changed = picture.copy()
                changed[row, column] = value
                pairs += [picture, changed]
        made = self._run(reading, size, pairs)
        if not made:
            return None
        farthest = 0
        for before, after in zip(made[::2], made[1::2], strict=True):
            rows, columns = np.nonzero((before != after).any(axis=2))
            if rows.size:
                away = (
                    np.abs(rows // self.scale - row).max(),
                    np.abs(columns // self.scale - column).max(),
                )
                farthest = max(farthest, int(max(away)))
        return (
            None if farthest >= min(row, column, look.height - 1 - row, look.width - 1 - column) else farthest
        )

    def macs(self, reading: Reading, size: InputSize | None) -> int:
        """Multiply-accumulates of the convolutions for each pixel that comes in."""
        return self._graph.macs(reading, size or _KNOWN) // (size or _KNOWN).pixels

    def _nearness(self, reading: Reading) -> float | None:
        fixed = self._graph.size(reading.layout)
        for size in [fixed] if fixed else [_KNOWN, _TILE]:
            picture = _picture(size)
            if made := self._run(reading, fixed, [picture]):
                return cv2.PSNR(made[0], enlarge_bicubic(picture, self.scale))
        return None

    def _run(self, reading: Reading, size: InputSize | None, pictures: list[np.ndarray]) -> list[np.ndarray]:
        """What becomes of pictures of one size; nothing where that fails or has another size."""
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4  # what fails here is told in our words
        options.intra_op_num_threads = _THREADS
        try:
            session = onnxruntime.InferenceSession(
                self._graph.wrapped(reading, size), options, providers=["CPUExecutionProvider"]
            )
            name = session.get_inputs()[0].name
            made = [session.run(None, {name: picture[None]})[0][0] for picture in pictures]
        except Exception as error:  # onnxruntime's errors have no base class of their own
            self._failure = f"onnxruntime cannot run it: {' '.join(str(error).split())[:200]}"
            return []
        height, width = pictures[0].shape[:2]
        scale = self.scale or made[0].shape[0] // height
        if 2 <= scale <= MAX_SCALE and made[0].shape == (scale * height, scale * width, 3):
            self.scale = scale
            return made
        shape = " x ".join(map(str, made[0].shape))
        expected = f"--scale {self.scale}" if self.scale else f"a scale of 2 to {MAX_SCALE}"
        self._failure = f"makes {shape} of {height} x {width} x 3, which is not {expected}"
        return []


def _picture(size: InputSize) -> np.ndarray:
    """Colours, smooth places and edges, always the same: (height, width, 3) uint8 RGB."""
    rng = np.random.default_rng(14)
    rough = rng.integers(20, 236, (6, 8, 3), dtype=np.uint8)
    picture = cv2.resize(rough, (size.width, size.height), interpolation=cv2.INTER_CUBIC)
    third, half = size.height // 3, size.width // 2
    picture[third : 2 * third, half : half + third] = (200, 40, 90)
    return picture


def _card(graph: Graph, facts: Imported, source: Path, macs: int, licence: str) -> ModelCard:
    reach = "more than was measured" if facts.reach is None else f"{facts.reach} pixels"
    margin = MARGIN if facts.reach is None else facts.reach + _SPARE
    if facts.size is not None:  # a tile has to have something that is not margin
        margin = min(margin, (min(facts.size.width, facts.size.height) - 1) // 4)
    return ModelCard(
        name=facts.model.stem,
        network=source.stem,
        scale=facts.scale,
        parameters=graph.parameters,
        macs_per_pixel=macs,
        format="onnx",
        precision=graph.precision,
        input_size=facts.size,
        input_range=facts.reading.input_range,
        output_range=facts.reading.output_range,
        colour_order="RGB",
        training_degradation="not known",
        training_data="not known",
        recipe=f"imported from {source.name} (sha256 {file_sha256(source)})",
        steps=0,
        figures={},
        licence=licence,
        limits=f"Imported: {facts.reading}, by measurement {facts.bicubic_db:.1f} dB from bicubic on a known "
        f"picture; a pixel depends on {reach} to each side. Fine detail is estimated, not seen; it is no "
        "evidence.",
        sha256=file_sha256(facts.model),
        margin=margin,
    )
