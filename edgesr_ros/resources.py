"""Where the shipped files lie (config/, launch/, models/): in a checkout, or wherever we are installed."""

from functools import cache
from pathlib import Path

from edgesr_ros.errors import InputError

PACKAGE = "edgesr_ros"


def share_of(package: Path) -> Path:
    """The share folder that belongs to the package folder `package`.

    In a checkout that is the checkout itself. Installed, it is `<prefix>/share/edgesr_ros`, where the
    prefix is the nearest folder above the package that has one: this holds for colcon (merged or not),
    a virtual environment and `pip install --user` alike and needs no environment variable.

    Raises:
        InputError: the package was copied somewhere without its shared files.
    """
    checkout = package.parent
    for folder in (checkout, *(parent / "share" / PACKAGE for parent in package.parents)):
        if (folder / "package.xml").is_file():
            return folder
    raise InputError(f"{package}: no share/{PACKAGE} above it; install the package with pip or colcon")


@cache
def share() -> Path:
    """The folder that holds config/, launch/ and models/; errors as `share_of`."""
    return share_of(Path(__file__).resolve().parent)


def models() -> Path:
    """The folder of the exported networks and their cards."""
    return share() / "models"


def config(*parts: str) -> Path:
    """A path below config/, e.g. `config("rmw", "fastdds.xml")`; whether it exists is not checked."""
    return share().joinpath("config", *parts)


def find(folder: str, name: str, suffix: str) -> Path:
    """The file that a user means by `name`: a path, or the name of a shipped file without its suffix.

    Args:
        folder: where the shipped ones lie below the share folder, e.g. `config/links`.
        name: what the user gave. A path to a file that exists wins over a shipped name.
        suffix: of the shipped files, with the dot.

    Raises:
        InputError: neither; names the shipped ones.
    """
    given = Path(name).expanduser()
    if given.is_file():
        return given
    shipped = {path.stem: path for path in sorted((share() / folder).glob(f"*{suffix}"))}
    if name in shipped:
        return shipped[name]
    raise InputError(f"{name!r}: no such file, nor one of {folder} ({', '.join(shipped) or 'none'})")
