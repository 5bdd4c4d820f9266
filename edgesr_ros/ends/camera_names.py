"""The cameras of a robot by their names, and how much each counts, as texts."""

import re
from collections.abc import Sequence

from edgesr_ros.errors import InputError

FOCUS = 4.0  # times its weight counts a camera that is looked at most
MOST = 8  # cameras

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")  # what a topic's name may have between slashes


def names_of(text: str) -> tuple[str, ...]:
    """The names in `front,rear,arm`, in their order; of an empty text one that is empty: a camera without.

    Raises:
        InputError: one is no name or comes twice, or there are too many.
    """
    names = tuple(part.strip() for part in text.split(",")) if text.strip() else ("",)
    for index, name in enumerate(names):
        if name in names[:index]:
            raise InputError(f"cameras: expected each once, got {name} again")
        if len(names) > 1 or name:
            check_name(name)
    if len(names) > MOST:
        raise InputError(f"cameras: expected at most {MOST}, got {len(names)}")
    return names


def check_name(name: str) -> None:
    """See that a camera may be called so.

    Raises:
        InputError: it may not.
    """
    if not _NAME.fullmatch(name):
        raise InputError(f"cameras: expected names of letters, digits and _, as front,rear, got {name!r}")


def weights_of(names: Sequence[str], weights: str, focus: str) -> dict[str, float]:
    """What each camera's bytes are multiplied by.

    Args:
        names: of all cameras.
        weights: such as `front=2,arm=0.5`; 1 where it says none.
        focus: the camera that counts `FOCUS` times; empty: none.

    Raises:
        InputError: another name, or a weight that is no number above 0.
    """
    found = dict.fromkeys(names, 1.0)
    for part in filter(None, (part.strip() for part in weights.split(","))):
        name, _, text = (side.strip() for side in part.partition("="))
        try:
            weight = float(text)
        except ValueError:
            weight = 0.0
        if name not in found or not 0 < weight < float("inf"):
            raise InputError(f"weights: expected camera=number, above 0, of {_listed(names)}, got {part!r}")
        found[name] = weight
    if focus and focus not in found:
        raise InputError(f"focus: expected one of {_listed(names)} or nothing, got {focus!r}")
    if focus:
        found[focus] *= FOCUS
    return found


def _listed(names: Sequence[str]) -> str:
    return ", ".join(filter(None, names)) or "cameras, of which none are named"
