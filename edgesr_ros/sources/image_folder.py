"""A folder of images as a source of frames."""

from collections.abc import Iterator
from pathlib import Path

from edgesr_ros.frames.visible_range import VisibleRange
from edgesr_ros.sources.files import list_images, read_image
from edgesr_ros.sources.frame_source import NOMINAL_RATE_HZ, FrameSource, SourceFrame


class FolderSource(FrameSource):
    """The images of a folder in the order of their names, stamped as if taken at `NOMINAL_RATE_HZ`.

    Raises:
        InputError: no image in the folder, or the first cannot be read.
    """

    def __init__(self, folder: Path) -> None:
        self._paths = list_images(folder)
        height, width = read_image(self._paths[0]).shape[:2]
        self.rate_hz = None
        self.description = f"folder {folder.name}: {len(self._paths)} images, the first {width}x{height}"

    def __iter__(self) -> Iterator[SourceFrame]:
        visible = VisibleRange()
        for index, path in enumerate(self._paths):
            stamp_ns = round(index * 1e9 / NOMINAL_RATE_HZ)
            yield SourceFrame.of(stamp_ns, read_image(path, keep_grey=True, visible=visible), "camera")
