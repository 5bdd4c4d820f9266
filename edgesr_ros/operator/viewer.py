"""One page's connection: it is let in, asks for things, and gets what is in its outbox."""

import asyncio
import contextlib
import time
from collections.abc import Callable
from typing import Protocol

from aiohttp import WSCloseCode, WSMsgType, web

from edgesr_ros.errors import InputError
from edgesr_ros.operator import messages
from edgesr_ros.operator.access import Access
from edgesr_ros.operator.messages import Frame, Set, read_request, to_text
from edgesr_ros.operator.outbox import Outbox

_HELLO_TIMEOUT = 5.0  # s
_HEARTBEAT = 5.0  # s between questions whether the page is still there
_MOST_PER_S = 500.0  # messages of a page: pictures seen of four cameras at 60 Hz, and a slider
_BURST = 1000.0
_UNANSWERED = 8  # parameters that a page may have asked to set without an answer
_LAST_WORDS = 2.0  # s for what a page that goes is still to get


class Actions(Protocol):
    """What pages ask of the node; called in the server's thread, but for `snapshot`."""

    def audience(self) -> None:
        """Viewers have come or gone, or want other pictures."""

    def again(self, camera: str) -> None:
        """Show the newest picture of a camera once more: a viewer wants it otherwise."""

    def focus(self, camera: str) -> None:
        """A camera matters most."""

    def record(self, on: bool) -> None:
        """Begin or end a recording."""

    def set(self, request: Set, answer: Callable[[str], None]) -> None:
        """Set a parameter; `answer` takes, from any thread, why that failed, or an empty text."""

    def snapshot(self, camera: str, number: int, compared: bool) -> bytes | None:
        """A picture as PNG; in a thread of its own."""


class Host(Protocol):
    """What viewers share."""

    cameras: tuple[str, ...]
    access: Access
    actions: Actions

    def join(self, viewer: "Viewer") -> None:
        """A viewer has been let in; InputError where there are too many."""

    def leave(self, viewer: "Viewer") -> None:
        """A viewer has gone, or was never in."""


class Viewer:
    """A page in a browser.

    Attributes:
        outbox: what it is still to get.
    """

    def __init__(self, host: Host) -> None:
        self.outbox = Outbox()
        self._host = host
        self._news = asyncio.Event()
        self._tokens, self._counted = _BURST, time.monotonic()
        self._unanswered = 0
        # No compression: JPEG is compressed, and the rest is small.
        self._socket = web.WebSocketResponse(
            heartbeat=_HEARTBEAT, compress=False, max_msg_size=messages.MAX_BYTES
        )

    def show(self, frame: Frame) -> None:
        """A picture, if it is wanted."""
        self.outbox.put_frame(frame)
        self._news.set()

    def tell(self, key: str, text: str) -> None:
        """A message that replaces one of the same key that has not been sent."""
        self.outbox.put_text(key, text)
        self._news.set()

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        """Until the page goes, or must."""
        await self._socket.prepare(request)
        try:
            await self._let_in()
        except (InputError, asyncio.TimeoutError) as error:
            await self._send_away(str(error) or "expected hello")
            return self._socket
        sending = asyncio.create_task(self._send())
        try:
            await self._receive()
        except InputError as error:
            await self._send_away(str(error))
        finally:
            self._host.leave(self)
            sending.cancel()
            with contextlib.suppress(asyncio.CancelledError, ConnectionError, RuntimeError):
                await sending
            if request.transport is not None:  # one that reads nothing would not let go
                asyncio.get_running_loop().call_later(_LAST_WORDS, request.transport.abort)
        return self._socket

    async def end(self) -> None:
        """The server ends."""
        await self._send_away("the node has been stopped", WSCloseCode.GOING_AWAY)

    async def _let_in(self) -> None:
        message = await asyncio.wait_for(self._socket.receive(), _HELLO_TIMEOUT)
        if message.type != WSMsgType.TEXT:
            raise InputError("expected hello")
        hello = read_request(message.data)
        if not isinstance(hello, messages.Hello):
            raise InputError("expected hello")
        if not self._host.access.knows(hello.token):
            raise InputError("wrong token")
        self._host.join(self)

    async def _send_away(self, why: str, code: int = WSCloseCode.POLICY_VIOLATION) -> None:
        reason = why.encode()[:120].decode(errors="ignore")  # a control frame holds 123 bytes
        with contextlib.suppress(ConnectionError, RuntimeError, asyncio.TimeoutError):
            await asyncio.wait_for(self._socket.close(code=code, message=reason.encode()), _LAST_WORDS)

    async def _send(self) -> None:
        """What is in the outbox, as fast as the page takes it."""
        while True:
            self._news.clear()
            while (item := self.outbox.take()) is not None:
                if isinstance(item, str):
                    await self._socket.send_str(item)
                else:
                    await self._socket.send_bytes(item)
            await self._news.wait()

    async def _receive(self) -> None:
        async for message in self._socket:
            self._count()
            if message.type != WSMsgType.TEXT:
                raise InputError("expected text")
            self._do(read_request(message.data))

    def _count(self) -> None:
        """A page that says more than any needs to is sent away."""
        now = time.monotonic()
        self._tokens = min(_BURST, self._tokens + (now - self._counted) * _MOST_PER_S)
        self._counted = now
        if self._tokens < 1:
            raise InputError("too many messages")
        self._tokens -= 1

    def _do(self, request: messages.AnyRequest) -> None:
        actions = self._host.actions
        camera = getattr(request, "camera", None)
        if camera is not None and camera not in self._host.cameras:
            raise InputError(f"there is no camera {camera!r}")
        if isinstance(request, messages.Ping):
            self.tell("pong", to_text("pong", at=request.at, now=server_ms()))
        elif isinstance(request, messages.Seen):
            self.outbox.seen(request.camera, request.id)
            self._news.set()
        elif isinstance(request, messages.Watch):
            self.outbox.watch(request.on)
            actions.audience()
        elif isinstance(request, messages.Compare):
            self.outbox.compare(request.camera, request.on)
            actions.audience()
            actions.again(request.camera)
        elif isinstance(request, messages.Focus):
            actions.focus(request.camera)
        elif isinstance(request, messages.Record):
            actions.record(request.on)
        elif isinstance(request, messages.Set):
            self._set(request)

    def _set(self, request: messages.Set) -> None:
        key = f"answer {request.id}"
        if self._unanswered >= _UNANSWERED:
            self.tell(key, to_text("answer", id=request.id, reason="too many at once"))
            return
        self._unanswered += 1
        loop = asyncio.get_running_loop()

        def answered(reason: str) -> None:
            self._unanswered -= 1
            self.tell(key, to_text("answer", id=request.id, reason=reason))

        self._host.actions.set(request, lambda reason: soon(loop, lambda: answered(reason)))


def soon(loop: asyncio.AbstractEventLoop, step: Callable[[], None]) -> None:
    """Do it in the loop's thread, unless that has ended."""
    with contextlib.suppress(RuntimeError):
        loop.call_soon_threadsafe(step)


def server_ms() -> float:
    """The server's clock, by which pages know how old a picture is."""
    return round(1e3 * time.monotonic(), 1)
