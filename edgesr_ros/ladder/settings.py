"""The settings that are measured for a ladder, and the networks that enlarge at each of its scales."""

from edgesr_ros.codecs.format import EncoderName
from edgesr_ros.upscaling.base import Upscaler
from edgesr_ros.upscaling.catalog import list_models, load_upscaler

SCALES = (1, 2, 4, 8)
# Steps of about equally many bytes.
QUALITIES: dict[EncoderName, tuple[int, ...]] = {
    "webp": (1, 5, 12, 22, 35, 50, 65, 78, 86, 93, 97),
    "avif": (3, 12, 20, 28, 36, 44, 52, 60, 68, 76, 84, 91),
    "avif_slow": (3, 12, 20, 28, 36, 44, 52, 60, 68, 76, 84, 91),
    "jpeg": (5, 10, 18, 28, 42, 58, 72, 82, 89, 94),
    "av1": (2, 7, 13, 21, 29, 36, 44, 52, 60, 67, 75, 83, 89),
    "h264": (9, 18, 26, 34, 41, 48, 55, 62, 71, 78, 86, 94, 100),
}


def networks_of(family: str, threads: int) -> dict[int, Upscaler | None]:
    """The best of a family that is shipped for each of `SCALES`; None for scale 1, which nothing enlarges.

    The one that was trained for the link, `<family>_x<scale>_link`, comes before `<family>_x<scale>`, and
    bicubic stands in where there is neither.

    Args:
        family: such as `edgesrgan_tiny`.
        threads: CPU threads of each network.

    Raises:
        InputError: as `load_upscaler`.
    """
    return {scale: _network(family, scale, threads) if scale > 1 else None for scale in SCALES}


def names_of(networks: dict[int, Upscaler | None]) -> dict[str, str]:
    """What the networks are called, by `x<scale>`."""
    return {f"x{scale}": network.name for scale, network in networks.items() if network}


def _network(family: str, scale: int, threads: int) -> Upscaler:
    shipped = list_models()
    names = [name for name in (f"{family}_x{scale}_link", f"{family}_x{scale}") if name in shipped]
    return load_upscaler(names[0] if names else f"bicubic_x{scale}", threads=threads)
