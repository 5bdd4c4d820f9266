"""What may become of bytes and texts between those who wrote them and those who read them."""

import re

import numpy as np

_HEAD = 30  # bytes in which the headers are, where a change does the most
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
# Limits of what may hold them, and what only looks like a number.
_NUMBERS = ("0", "1", "-1", *(f"{2**bits}" for bits in (16, 31, 32, 63, 64)), f"{10**18}", f"{10**30}")
_NO_NUMBERS = ("nan", "inf", "-inf", "", "1e400", "0x1", "\u0661", "1_0", " 7")
_CHARACTERS = ("\0", "\n", ";", "/", " ", "\u00e9", "=")


def mutated(rng: np.random.Generator, data: bytes, other: bytes) -> bytes:
    """`data`, bits flipped, cut off, spliced with `other`, bytes put in or taken out; neither is empty."""
    array, place = np.frombuffer(data, np.uint8).copy(), int(rng.integers(len(data)))
    match rng.integers(6):
        case 0:
            places = rng.integers(0, len(array), rng.integers(1, 6))
            array[places] ^= (1 << rng.integers(0, 8, len(places))).astype(np.uint8)
        case 1:
            array = array[: max(place, 1)]
        case 2:
            return (data[:place] + other[int(rng.integers(len(other))) :]) or other
        case 3:
            return data[:place] + rng.bytes(5) + data[place:]
        case 4:
            return (data[:place] + data[place + int(rng.integers(1, 9)) :]) or data
        case _:
            array[rng.integers(min(_HEAD, len(array)))] = rng.integers(256)
    return array.tobytes()


def mutated_text(rng: np.random.Generator, text: str, other: str) -> str:
    """`text` with a number changed, cut off, spliced with `other`, or with a character put in."""
    place = int(rng.integers(len(text) + 1))
    numbers = list(_NUMBER.finditer(text))
    kind = rng.integers(6)
    if kind < 3 and numbers:
        found = numbers[rng.integers(len(numbers))]
        near = f"{float(found[0]) + int(rng.integers(-3, 4)):.4f}".removesuffix(".0000")
        changed = (str(rng.choice(_NUMBERS)), near, str(rng.choice(_NO_NUMBERS)))[kind]
        return text[: found.start()] + changed + text[found.end() :]
    if kind < 4:
        return text[:place]
    if kind == 4:
        return text[:place] + other[int(rng.integers(len(other) + 1)) :]
    return text[:place] + str(rng.choice(_CHARACTERS)) + text[place:]
