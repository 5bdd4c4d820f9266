"""One frame at a time, always the newest: the slot and the thread between a callback and slow work."""

import threading
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class NewestWins(Generic[T]):
    """A thread that calls `work` with the newest item put; an item not yet taken is replaced.

    Args:
        work: handles one item, in the worker's thread.
        skipped: called for each item that was replaced before `work` could take it.
        failed: called with what `work` raised; the thread goes on with the next item.
        ready: seconds until an item may be taken (0: now); asked again after each `put` and `wake`.
        kind: an item only replaces one of its kind; of those that wait, that kind is taken whose turn was
            longest ago.
    """

    def __init__(
        self,
        work: Callable[[T], None],
        skipped: Callable[[], None],
        failed: Callable[[Exception], None],
        ready: Callable[[T], float] = lambda _: 0.0,
        kind: Callable[[T], Hashable] = lambda _: None,
    ) -> None:
        self._work, self._skipped, self._failed = work, skipped, failed
        self._ready, self._kind = ready, kind
        self._items: dict[Hashable, T] = {}
        self._turns: dict[Hashable, int] = {}  # when each kind had its last one
        self._taken = 0
        self._closed = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def put(self, item: T) -> None:
        """Offer an item; never blocks on the work."""
        with self._changed:
            kind = self._kind(item)
            replaced = kind in self._items
            self._items[kind] = item
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
                waits = {kind: self._ready(item) for kind, item in self._items.items()}
                ready = [kind for kind, wait in waits.items() if wait <= 0]
                if ready:
                    kind = min(ready, key=lambda kind: self._turns.get(kind, 0))
                    self._taken += 1
                    self._turns[kind] = self._taken
                    return self._items.pop(kind)
                wait = min(waits.values(), default=None)
                self._changed.wait(None if wait is None else min(wait, threading.TIMEOUT_MAX))
        return None
