"""One frame at a time, always the newest: the slot and the thread between a callback and slow work."""

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class NewestWins(Generic[T]):
    """A thread that calls `work` with the newest item put; an item not yet taken is replaced.

    Args:
        work: handles one item, in the worker's thread.
        skipped: called for each item that was replaced before `work` could take it.
        failed: called with what `work` raised; the thread goes on with the next item.
        ready: seconds until an item may be taken (0: now); asked again after each `put` and `wake`.
    """

    def __init__(
        self,
        work: Callable[[T], None],
        skipped: Callable[[], None],
        failed: Callable[[Exception], None],
        ready: Callable[[], float] = lambda: 0.0,
    ) -> None:
        self._work, self._skipped, self._failed, self._ready = work, skipped, failed, ready
        self._item: T | None = None
        self._closed = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def put(self, item: T) -> None:
        """Offer an item; never blocks on the work."""
        with self._changed:
            replaced = self._item is not None
            self._item = item
            self._changed.notify()
        if replaced:
            self._skipped()

    def wake(self) -> None:
        """Ask `ready` again now."""
        with self._changed:
            self._changed.notify()

    def close(self) -> None:
        """Finish the item in work and stop; an item still waiting is not handled."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join()

    def _run(self) -> None:
        while (item := self._take()) is not None:
            try:
                self._work(item)
            except Exception as error:  # one bad frame must not end the stream
                self._failed(error)

    def _take(self) -> T | None:
        with self._changed:
            while not self._closed:
                wait = self._ready() if self._item is not None else None
                if wait is not None and wait <= 0:
                    item, self._item = self._item, None
                    return item
                self._changed.wait(None if wait is None else min(wait, threading.TIMEOUT_MAX))
        return None
