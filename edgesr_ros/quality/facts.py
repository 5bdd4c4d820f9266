"""What the ground station says of a picture that it shows; the pairs ride in a diagnostic_msgs message."""

from collections.abc import Mapping

from msgspec.structs import asdict

from edgesr_ros.schema import Struct, convert

UNKNOWN = "unknown"

# How each number is written; others as they are.
_FORMATS = {
    "interpolation": "g",
    "consistency_db": ".2f",
    "age_ms": ".1f",
    "age_uncertainty_ms": ".1f",
    "range_low": ".6g",
    "range_high": ".6g",
}


class PictureFacts(Struct, forbid_unknown_fields=False):  # a newer ground station may say more
    """The facts of one picture. What is None is not known, or was not asked for.

    Attributes:
        method: sr, bicubic or none (it came at full size).
        model: name of what enlarged it.
        backend: what ran the model.
        interpolation: from texture (0) to pixel fidelity (1).
        bytes: of the compressed frame that it was made from.
        consistency_db: `consistency_db` of it, dB.
        number: of that frame: tells pictures apart whose stamps do not.
        age_ms: from the camera's stamp to its display, by the clocks' measured offset.
        age_uncertainty_ms: by how much that may be wrong, either way.
        range_low: of depth and other values of more than 8 bits, the one shown darkest, in the camera's unit.
        range_high: the one shown brightest.
        recovering: of a stream, newer frames that have not come, and for which others wait; 0: none.
    """

    method: str | None = None
    model: str | None = None
    backend: str | None = None
    interpolation: float | None = None
    bytes: int | None = None
    number: int | None = None
    consistency_db: float | None = None
    age_ms: float | None = None
    age_uncertainty_ms: float | None = None
    range_low: float | None = None
    range_high: float | None = None
    recovering: int | None = None

    def to_pairs(self) -> dict[str, str]:
        """As text, for diagnostic_msgs/KeyValue; what is None is left out, but an age is then unknown."""
        known = {key: value for key, value in asdict(self).items() if value is not None}
        return {"age_ms": UNKNOWN} | {
            key: format(value, _FORMATS.get(key, "")) for key, value in known.items()
        }

    @classmethod
    def from_pairs(cls, pairs: Mapping[str, str]) -> "PictureFacts":
        """The inverse of `to_pairs`; keys that it does not know are ignored.

        Raises:
            InputError: a value is not what it should be.
        """
        known = {key: value for key, value in pairs.items() if value != UNKNOWN}
        return convert(known, cls, "image_sr/facts", from_text=True)
