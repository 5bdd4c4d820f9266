"""A folder of images as a source of frames."""

from collections.abc import Iterator
from pathlib import Path

from edgesr_ros.errors import InputError
from edgesr_ros.sources.files import list_images, read_image
from edgesr_ros.sources.frame_source import NOMINAL_RATE_HZ, FrameSource, SourceFrame
from edgesr_ros.sources.skipped import Skipped


class FolderSource(FrameSource):
    """The images of a folder by name and number, stamped as if taken at `NOMINAL_RATE_HZ`.

    Files that cannot be read are skipped; the others keep the time of their place in the folder.

    Raises:
        InputError: no image in the folder, or none can be read.
    """

    def __init__(self, folder: Path) -> None:
        self._paths = list_images(folder)
        self._looked_at = 0
        self._skipped = Skipped("images")
        first = next(iter(self))
        height, width = first.array.shape[:2]
        self.rate_hz = None
        self.description = f"folder {folder.name}: {len(self._paths)} images, the first {width}x{height}"

    def __iter__(self) -> Iterator[SourceFrame]:
        self._skipped = skipped = Skipped("images")
        first_error: InputError | None = None
        for index, path in enumerate(self._paths):
            self._looked_at = index + 1
            stamp_ns = round(index * 1e9 / NOMINAL_RATE_HZ)
            try:
                picture = read_image(path, keep_grey=True)
            except InputError as error:
                first_error = first_error or error
                skipped.add(path.name, str(error).removeprefix(f"{path}: "))
                continue
            yield SourceFrame.of(stamp_ns, picture, "camera")
        if skipped.count == len(self._paths) and first_error:
            others = f"; nor can any of the {skipped.count - 1} others be read" if skipped.count > 1 else ""
            raise InputError(f"{first_error}{others}")

    def notes(self) -> list[str]:
        return [self._skipped.text(self._looked_at)] if self._skipped.count else []
