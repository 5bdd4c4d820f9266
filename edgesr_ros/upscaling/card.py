"""Model cards: what must be known of a model file to use it, and what should be before trusting it."""

import hashlib
from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta

from edgesr_ros.errors import InputError
from edgesr_ros.schema import Struct, read_json, write_json

Positive = Annotated[int, Meta(ge=1)]
Count = Annotated[int, Meta(ge=0)]
Range = tuple[float, float]

MARGIN = 24  # of cards that say none: more than EdgeSRGAN's 21


class InputSize(Struct):
    """Size of a picture in pixels."""

    width: Positive
    height: Positive

    @classmethod
    def of_text(cls, text: str) -> "InputSize | None":
        """`<width>x<height>`; None: it is something else."""
        width, _, height = text.partition("x")
        if not (width.isdecimal() and height.isdecimal() and int(width) and int(height)):
            return None
        return cls(width=int(width), height=int(height))

    @property
    def pixels(self) -> int:
        """How many there are."""
        return self.width * self.height

    def __str__(self) -> str:
        return f"{self.width}x{self.height}"


class EdgeTpuOps(Struct):
    """How many operators a model has, and how many of them an Edge TPU takes (`edgesr check-edgetpu`)."""

    ops: Positive
    on_tpu: Count


class ModelCard(Struct):
    """The facts of one model file, in `<file name>.json` beside it."""

    name: str  # <network>_x<scale>[_psnr|_link][_int8]
    network: str
    scale: Positive
    parameters: Count
    macs_per_pixel: Count  # multiply-accumulates for each pixel of the small picture
    format: Literal["onnx", "tflite"]
    precision: Literal["float32", "float16", "int8"]
    input_size: InputSize | None  # what the model is made for; null: any size
    input_range: Range  # what sample values 0 and 255 are as real numbers at the model's input
    output_range: Range  # and at its output; -1..1 for a graph that ends at TANH
    colour_order: Literal["RGB"]
    training_degradation: str  # how the low-resolution pictures were made
    training_data: str
    recipe: str
    steps: Count  # of training; 0: its weights are random, or it was imported
    figures: dict[str, dict[str, float]]  # data set → metric → value
    licence: str
    limits: str
    sha256: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]  # of the model file
    margin: Count = MARGIN  # small pixels to each side that a pixel of the result depends on
    edgetpu: EdgeTpuOps | None = None  # null: not int8 TFLite, or not counted


def card_path(model: Path) -> Path:
    """Where the card of a model file lies."""
    return model.with_name(f"{model.name}.json")


def file_sha256(path: Path) -> str:
    """SHA-256 of a file as 64 hexadecimal digits.

    Raises:
        InputError: the file cannot be read.
    """
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None


def read_card(model: Path) -> ModelCard:
    """The card of a model file, which is checked against it.

    Raises:
        InputError: no model, no card, a card with a wrong entry, or one of another file.
    """
    actual = file_sha256(model)
    path = card_path(model)
    if not path.is_file():
        raise InputError(
            f"{model}: no model card {path.name} beside it (`edgesr export` writes one; for others' networks "
            "`edgesr import` does)"
        )
    card = read_json(path, ModelCard)
    if actual != card.sha256:
        raise InputError(f"{model}: not the file of its card: expected sha256 {card.sha256}, got {actual}")
    return card


def write_card(model: Path, card: ModelCard) -> None:
    """Write the card beside the model file."""
    write_json(card_path(model), card)
