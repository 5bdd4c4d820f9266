"""An executor whose one thread is woken by others only."""

import threading

from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor


class OneThread(SingleThreadedExecutor):
    """Calls callbacks one after the other, in the thread that made it.

    rclpy's own wakes itself after each callback, for threads that may wait beside it: of one thread that
    means a second round over all that the nodes have, without anything to do, which takes half a millisecond
    of processor. What a callback changes is seen in the next round anyway.

    Args:
        context: as of rclpy's; None: the default one.
    """

    def __init__(self, context: Context | None = None) -> None:
        super().__init__(context=context)
        wake, own = self._guard.trigger, threading.get_ident()

        def trigger() -> None:
            if threading.get_ident() != own:
                wake()

        self._guard.trigger = trigger
