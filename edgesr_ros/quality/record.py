"""A run on disk: frames.csv, which grows with every picture shown."""

import contextlib
import csv
import threading
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType

from msgspec.structs import replace

from edgesr_ros.errors import InputError
from edgesr_ros.quality.rows import COLUMNS, FrameRow, Scores, from_cells, to_cells
from edgesr_ros.schema import read_text

# Names of the files in a recording's folder.
FRAMES, SUMMARY, STRIP, REPORT = "frames.csv", "summary.json", "strip.png", "report.html"
_HEADER = ",".join(COLUMNS)


class UnwritableError(InputError):
    """What is recorded cannot be kept any more: the disk is full, read-only, or gone."""


class Recording:
    """The rows of a run, in memory and in `frames.csv`; safe to use from several threads.

    Scores are measured later than a picture is shown, so the file is a log until `close`: a measured row
    is appended once more, and of two lines with the same times the later one counts (`read_rows` knows).
    A run that crashes thus keeps everything; `close` leaves one line a picture.

    Attributes:
        rows: the pictures shown.
        kept: how many of them are on the disk.

    Raises:
        UnwritableError: the folder cannot be written to, or its disk is full; from `add` and `close` too.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.kept = 0
        self.rows: list[FrameRow] = []
        self._lock = threading.Lock()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for name in (SUMMARY, STRIP, REPORT):  # of an earlier run: they must not pass for this one's
                (folder / name).unlink(missing_ok=True)
            self._file = (folder / FRAMES).open("w", encoding="utf-8", newline="")
        except OSError as error:
            raise UnwritableError(f"{folder}: cannot be recorded to ({error.strerror})") from None
        self._writer = csv.writer(self._file, lineterminator="\n")
        try:
            self._append(COLUMNS)
        except OSError as error:
            with contextlib.suppress(OSError):
                self._file.close()
            raise UnwritableError(f"{folder}: cannot be recorded to ({error.strerror})") from None

    def add(self, row: FrameRow) -> None:
        """A picture was shown."""
        with self._lock:
            self.rows.append(row)
            try:
                self._append(to_cells(row))
            except OSError as error:
                raise self._unwritable(error) from None
            self.kept += 1

    def set_scores(
        self, stamp_s: float, sr: Scores, bicubic: Scores | None = None, consistency_db: float | None = None
    ) -> None:
        """Scores of the newest picture with this stamp; without bicubic's where it is not known what came.

        Raises:
            KeyError: no such picture was added.
        """
        with self._lock:
            for index in reversed(range(len(self.rows))):  # it was shown a moment ago: near the end
                if self.rows[index].stamp_s == stamp_s:
                    break
            else:
                raise KeyError(stamp_s)
            row = replace(self.rows[index], sr=sr, bicubic=bicubic, consistency_db=consistency_db)
            self.rows[index] = row
            with contextlib.suppress(OSError):  # `close` will say so; the summary can be made all the same
                self._append(to_cells(row))

    def close(self) -> None:
        """Leave one line a picture, in the order shown, else the log as it is; twice does no harm."""
        with self._lock:
            if self._file.closed:
                return
            final = self.folder / f"{FRAMES}.part"
            try:
                with contextlib.suppress(OSError):  # all of it is written once more
                    self._file.close()
                with final.open("w", encoding="utf-8", newline="") as file:
                    writer = csv.writer(file, lineterminator="\n")
                    writer.writerow(COLUMNS)
                    writer.writerows(to_cells(row) for row in self.rows)
                final.replace(self.folder / FRAMES)
            except OSError as error:
                with contextlib.suppress(OSError):
                    final.unlink(missing_ok=True)
                raise self._unwritable(error) from None
            self.kept = len(self.rows)

    def __enter__(self) -> "Recording":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _unwritable(self, error: OSError) -> UnwritableError:
        return UnwritableError(f"{self.folder / FRAMES}: cannot be written ({error.strerror})")

    def _append(self, cells: Iterable[str]) -> None:
        self._writer.writerow(cells)
        self._file.flush()


def read_progress(path: Path) -> tuple[int, FrameRow | None]:
    """How many pictures a `frames.csv` holds while it is being written, and the newest of them.

    Unlike `read_rows` cheap enough to be asked twice a second of a long run.
    """
    if not path.is_file():
        return 0, None
    lines = path.read_bytes().rpartition(b"\n")[0]  # a line without its end is still being written
    count = lines.count(b"\n")  # the header has none before it
    newest = lines.rpartition(b"\n")[2].decode()
    return count, from_cells(newest.split(",")) if count else None


def read_rows(path: Path) -> list[FrameRow]:
    """The rows of a `frames.csv`, in the order shown; also of a run that goes on or was cut short.

    Raises:
        InputError: no such file, or a line that is none of ours; names it.
    """
    text = read_text(path)
    whole = text[: text.rfind("\n") + 1]  # the last line may be cut short
    header, *lines = whole.splitlines() or [_HEADER]
    if header != _HEADER:
        raise InputError(f"{path}: line 1: expected the columns {_HEADER}")
    rows: dict[tuple[float, float], FrameRow] = {}
    for number, cells in enumerate(csv.reader(lines), start=2):
        try:
            row = from_cells(cells)
        except ValueError:
            raise InputError(f"{path}: line {number}: expected a value for each of {_HEADER}") from None
        rows[row.stamp_s, row.shown_s] = row
    return list(rows.values())
