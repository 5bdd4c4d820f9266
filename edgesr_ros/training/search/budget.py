"""What a candidate costs, and what it may cost at most: known before it is trained."""

from typing import Annotated

from msgspec import Meta

from edgesr_ros.schema import Struct
from edgesr_ros.upscaling.card import InputSize

Positive = Annotated[int, Meta(ge=1)]


class Cost(Struct):
    """What a candidate costs."""

    parameters: int
    macs_per_pixel: int  # of a generator: for each small pixel; of a discriminator: for each pixel of a patch
    ms: float | None = None  # of a generator for a picture; null: not measured


class Budget(Struct):
    """What a candidate may cost; null: whatever it is."""

    parameters: Positive | None = None
    macs_per_pixel: Positive | None = None
    # Of float32 in onnxruntime on the machine of the worker that begins the trial.
    ms: Annotated[float, Meta(gt=0)] | None = None
    size: InputSize = InputSize(width=160, height=120)  # of the small picture that `ms` is for
    threads: Positive = 1  # that `ms` is for

    def problem(self, cost: Cost) -> str | None:
        """In a line, the first limit that is passed; None: none."""
        for name in ("parameters", "macs_per_pixel", "ms"):
            limit, value = getattr(self, name), getattr(cost, name)
            if limit is not None and value is not None and value > limit:
                return f"{name} {value:,.10g}, more than {limit:,.10g}"
        return None
