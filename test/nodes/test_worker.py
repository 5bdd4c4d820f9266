"""The newest-wins slot. Nothing here sleeps; what a test waits for, it waits for at most `TIMEOUT`."""

import queue
import threading
from collections.abc import Callable, Iterator

import pytest

from edgesr_ros.nodes.worker import NewestWins

TIMEOUT = 30.0  # seconds; only a failing test waits so long


class Work:
    """Work that holds until `free` is set and fails for items below zero."""

    def __init__(self) -> None:
        self.begun: queue.Queue[int] = queue.Queue()
        self.done: list[int] = []
        self.skipped = 0
        self.failures: list[str] = []
        self.free = threading.Event()

    def __call__(self, item: int) -> None:
        self.begun.put(item)
        assert self.free.wait(TIMEOUT)
        if item < 0:
            raise ValueError(f"item {item}")
        self.done.append(item)

    def skip(self) -> None:
        self.skipped += 1

    def fail(self, error: Exception) -> None:
        self.failures.append(str(error))


@pytest.fixture
def work() -> Work:
    return Work()


@pytest.fixture
def start(work) -> Iterator[Callable[..., NewestWins[int]]]:
    workers = []

    def start(**options):
        workers.append(NewestWins(work, work.skip, work.fail, **options))
        return workers[-1]

    yield start
    work.free.set()
    for worker in workers:
        worker.close()


def test_handles_what_is_put(work, start):
    work.free.set()
    worker = start()
    for item in range(3):
        worker.put(item)
        assert work.begun.get(timeout=TIMEOUT) == item
    worker.close()
    assert (work.done, work.skipped) == ([0, 1, 2], 0)


def test_while_it_works_only_the_newest_waits(work, start):
    worker = start()
    worker.put(0)
    assert work.begun.get(timeout=TIMEOUT) == 0
    for item in (1, 2, 3):
        worker.put(item)
    assert work.skipped == 2
    work.free.set()
    assert work.begun.get(timeout=TIMEOUT) == 3
    worker.close()
    assert work.done == [0, 3]


def test_every_item_is_handled_or_skipped(work, start):
    work.free.set()
    worker = start()
    for item in range(1000):
        worker.put(item)
    while work.begun.get(timeout=TIMEOUT) != 999:
        pass
    worker.close()
    assert work.done == sorted(work.done)
    assert len(work.done) + work.skipped == 1000


def test_a_failure_is_told_and_ends_nothing(work, start):
    work.free.set()
    worker = start()
    for item in (1, -2, 3):
        worker.put(item)
        assert work.begun.get(timeout=TIMEOUT) == item
    worker.close()
    assert (work.done, work.failures, work.skipped) == ([1, 3], ["item -2"], 0)


def test_an_item_waits_until_it_may_be_taken_and_may_be_replaced_until_then(work, start):
    work.free.set()
    asked: queue.Queue[None] = queue.Queue()
    wait = 1000.0

    def ready(_) -> float:
        asked.put(None)
        return wait

    worker = start(ready=ready)
    worker.put(1)
    asked.get(timeout=TIMEOUT)
    worker.put(2)
    asked.get(timeout=TIMEOUT)
    assert work.begun.empty()
    assert work.skipped == 1
    wait = 0.0
    worker.wake()
    assert work.begun.get(timeout=TIMEOUT) == 2


def test_asks_again_by_itself_when_the_time_is_over(work, start):
    work.free.set()
    waits = iter([1e-3, 1e-3, 0.0])
    worker = start(ready=lambda _: next(waits))
    worker.put(1)
    assert work.begun.get(timeout=TIMEOUT) == 1
    assert next(waits, None) is None


def test_does_not_ask_while_there_is_nothing_to_take(work, start):
    work.free.set()
    asked = []
    worker = start(ready=lambda _: asked.append(None) or 0.0)
    worker.wake()
    worker.put(1)
    assert work.begun.get(timeout=TIMEOUT) == 1
    worker.wake()
    worker.close()
    assert len(asked) == 1


def test_closing_finishes_the_item_in_work_and_leaves_the_waiting_one(work, start):
    worker = start()
    worker.put(1)
    assert work.begun.get(timeout=TIMEOUT) == 1
    worker.put(2)
    closing = threading.Thread(target=worker.close)
    closing.start()
    while not worker._closed:  # else it could take the waiting one first
        pass
    work.free.set()
    closing.join(TIMEOUT)
    assert not closing.is_alive()
    assert work.done == [1]


def test_closing_does_not_wait_for_what_is_not_ready(work, start):
    worker = start(ready=lambda _: 1000.0)
    worker.put(1)
    closing = threading.Thread(target=worker.close, daemon=True)
    closing.start()
    closing.join(TIMEOUT)
    assert not closing.is_alive()
    worker.put(2)  # a callback may still come
    worker.close()
    assert work.done == []
