"""What each of several gets of what there is."""

from collections.abc import Sequence

_ALMOST = 1 - 1e-9
_MARGIN = 1.25  # times what one can use: its next frame may be larger


def split(
    total: float, weights: Sequence[float], needs: Sequence[float], most: Sequence[float]
) -> list[float]:
    """`total` in proportion to weights times needs, but none more than its `most` while others can use more.

    Where one has its most, those of less weight get no more either: the ratio holds. Where all have theirs,
    they get a little more of what is left.
    """
    wanted = [weight * need for weight, need in zip(weights, needs, strict=True)]
    parts, left, wanting = [0.0] * len(wanted), total, set(range(len(wanted)))
    while wanting:
        first = min(wanting, key=lambda i: most[i] / wanted[i])
        level, even = most[first] / wanted[first], left / sum(wanted[i] for i in wanting)
        done = {i for i in wanting if level >= even or i == first or weights[i] < weights[first]}
        for i in done:
            parts[i] = wanted[i] * min(level, even)
            left -= parts[i]
        wanting -= done
    if all(part > _ALMOST * enough for part, enough in zip(parts, most, strict=True)):
        return [part * min(total / sum(parts), _MARGIN) for part in parts]
    return parts
