import mmap
import os

import pytest

from benchmarks.harness.usage import Usage


def test_memory_that_grows_shows_in_the_slope() -> None:
    usage = Usage(os.getpid())
    held = []
    for minute in range(4):
        usage.sample(60.0 * minute)
        # Pages of its own: the allocator would give what other tests have left in the heap.
        held.append(mmap.mmap(-1, 20_000_000))
        held[-1][:: mmap.PAGESIZE] = bytes(len(range(0, 20_000_000, mmap.PAGESIZE)))
    found = usage.summary(pictures=10, settled=60.0)
    assert found.resident_mb_per_minute == pytest.approx(20, abs=3)
    assert found.resident_mb_last - found.resident_mb_settled == pytest.approx(40, abs=6)
    assert found.resident_mb_max >= found.resident_mb_last


def test_memory_at_a_moment_is_that_of_the_last_look() -> None:
    usage = Usage(os.getpid())
    usage.sample(0.0)
    held = mmap.mmap(-1, 20_000_000)
    held[:: mmap.PAGESIZE] = bytes(len(range(0, 20_000_000, mmap.PAGESIZE)))
    usage.sample(1.0)
    assert usage.resident_mb(0.9) == usage.resident_mb(0.0)
    assert (
        usage.resident_mb(1.0) == usage.resident_mb(7.0) == pytest.approx(usage.resident_mb(0.0) + 20, abs=3)
    )


def test_processor_time_is_divided_by_the_pictures() -> None:
    usage = Usage(os.getpid())
    before = os.times()
    usage.sample(0.0)
    while (now := os.times()).user + now.system - before.user - before.system < 0.2:
        pass
    usage.sample(1.0)
    assert usage.summary(pictures=10, settled=0.0).cpu_ms_per_picture == pytest.approx(20, abs=5)


def test_a_process_that_is_gone_is_an_error() -> None:
    gone = os.posix_spawn("/bin/true", ["true"], {})
    os.waitpid(gone, 0)
    with pytest.raises(OSError, match="stat"):
        Usage(gone).sample(0.0)
