"""What can be chosen of the operator's page."""

from typing import Annotated

from msgspec import Meta

from edgesr_ros.errors import InputError
from edgesr_ros.schema import FIXED, Struct

ALONE = "camera"  # what the only camera is called where none has a name


class OperatorSettings(Struct):
    """Parameters of `operator`; defaults in config/operator.yaml."""

    cameras: Annotated[
        str,
        Meta(
            description="Names of cameras, with commas between: <name>/image_sr is shown; empty: image_sr.",
            extra_json_schema=FIXED,
        ),
    ]
    listen: Annotated[
        str,
        Meta(
            description="IP address to serve the page on. Any but this machine's loopback needs the token.",
            extra_json_schema=FIXED,
        ),
    ]
    port: Annotated[
        int, Meta(ge=0, le=65535, description="TCP port of the page; 0: any.", extra_json_schema=FIXED)
    ]
    token_file: Annotated[
        str,
        Meta(
            description="File that holds the token, at least 16 characters; empty: one is made at each start "
            "where `listen` needs one, and is told with the page's address.",
            extra_json_schema=FIXED,
        ),
    ]
    max_viewers: Annotated[
        int, Meta(ge=1, le=100, description="Pages open at a time, at most.", extra_json_schema=FIXED)
    ]
    jpeg_quality: Annotated[
        int, Meta(ge=1, le=100, description="Of pictures on the page and in its recordings.")
    ]
    hear_robot: Annotated[
        bool,
        Meta(
            description="Take /diagnostics and changes of parameters, which cross the radio: about 1 kB/s. "
            "Without them the page tells nothing of the link.",
            extra_json_schema=FIXED,
        ),
    ]
    recordings: Annotated[str, Meta(description="Folder for recordings.", extra_json_schema=FIXED)]


def cameras_of(text: str) -> dict[str, str]:
    """By the name of each camera what its topics begin with.

    Raises:
        InputError: a name is no beginning of a topic, or is there twice.
    """
    names = [name.strip() for name in text.split(",")] if text.strip() else []
    for name in names:
        if not all(part.isidentifier() and part.isascii() for part in name.split("/")):
            raise InputError(f"cameras: {name!r} is no name, expected e.g. front,rear")
    if len(set(names)) < len(names):
        raise InputError(f"cameras: {text!r} has a name twice")
    return {name: f"{name}/" for name in names} or {ALONE: ""}
