"""Locks between processes that the kernel frees when a process ends, however it ends.

They hold between machines too where the file system has such locks, as NFS 4 does.
"""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

Lock = IO[bytes]  # as long as it is open


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Wait until nobody else is in such a block, in any process."""
    with _opened(path) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def take(path: Path) -> Lock | None:
    """The lock, held until it is closed; None: somebody holds it."""
    file = _opened(path)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    return file


def _opened(path: Path) -> Lock:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.open("ab")
