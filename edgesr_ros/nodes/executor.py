"""A process of one node: its callbacks are called in one thread, and end before the process does."""

import signal
import threading
from types import TracebackType

import rclpy
from rclpy.context import Context
from rclpy.exceptions import ROSInterruptException
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node


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


class Spinner:
    """rclpy in a process of one node, whose signals end the `with` block without an error.

    They end it between two callbacks. Python would raise KeyboardInterrupt wherever the main thread is, also
    where it has just taken a lock and is not yet inside the `with` that gives it back: who joins the thread
    that waits for it waits for ever. Only what comes before `spin`, as loading a model, is interrupted so.
    """

    def __enter__(self) -> "Spinner":
        self._interruptible = True
        signal.signal(signal.SIGINT, self._interrupt)  # rclpy's own handler calls the one that it finds
        rclpy.init()
        return self

    def spin(self, node: Node) -> None:
        """Call the node's callbacks until rclpy is shut down, by a signal or another thread."""
        self._interruptible = False
        rclpy.spin(node, OneThread())

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if isinstance(error, RuntimeError) and not rclpy.ok():
            return True  # what rclpy says of all that it is asked for afterwards
        return isinstance(error, (KeyboardInterrupt, ExternalShutdownException, ROSInterruptException))

    def _interrupt(self, *_: object) -> None:
        if self._interruptible:
            raise KeyboardInterrupt
