"""The page's server: its files, its WebSocket and its snapshots, in a thread of its own."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from functools import partial
from importlib.resources import files
from pathlib import PurePath

from aiohttp import web

from edgesr_ros.errors import InputError
from edgesr_ros.operator.access import Access
from edgesr_ros.operator.messages import Frame, to_text
from edgesr_ros.operator.viewer import Actions, Viewer

_TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
# Nothing from elsewhere, nothing for others, and no page of others around it.
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
_CONNECTIONS = 128  # open at a time; a browser takes up to six
_PATIENCE = 10.0  # s for a connection's first request
_START_TIMEOUT = 10.0  # s
_BEARER = "Bearer "


class Server:
    """Hands out the page; safe to use from any thread.

    Args:
        cameras: their names.
        most: viewers at a time.

    Attributes:
        port: that is listened on, from `start` on.
    """

    def __init__(self, access: Access, cameras: tuple[str, ...], most: int, actions: Actions) -> None:
        self.port = 0
        self.cameras, self.actions, self.access = cameras, actions, access
        self._most = most
        self._viewers: set[Viewer] = set()
        self._texts = {"cameras": to_text("cameras", names=cameras)}
        self._silent: dict[web.RequestHandler, asyncio.TimerHandle] = {}  # connections without a request
        self._loop: asyncio.AbstractEventLoop  # from `start` on
        self._ended = asyncio.Event()
        self._runner: web.AppRunner | None = None
        self._listening: asyncio.Server | None = None
        self._thread = threading.Thread(target=self._run, name="operator server", daemon=True)
        page = (files("edgesr_ros.operator") / "page").iterdir()
        self._page = {path.name: path.read_bytes() for path in page if path.name.endswith(tuple(_TYPES))}

    def start(self, address: str, port: int) -> None:
        """Listen.

        Raises:
            InputError: the port is taken, or the address is not this machine's.
        """
        self._loop = asyncio.new_event_loop()
        self._thread.start()
        started = asyncio.run_coroutine_threadsafe(self._listen(address, port), self._loop)
        try:
            self.port = started.result(_START_TIMEOUT)
        except OSError as error:
            self.close()
            raise InputError(
                f"{address} port {port}: cannot be listened on ({error.strerror or error})"
            ) from None

    def close(self) -> None:
        """Close all connections and end the thread."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._ended.set)
            self._thread.join()

    def every(self, period: float, step: Callable[[], None]) -> None:
        """From now on call back every `period` seconds, in the server's thread."""

        def again() -> None:
            step()
            self._loop.call_later(period, again)

        self._soon(again)

    def show(self, frame: Frame) -> None:
        """A picture for all who want it."""

        def show() -> None:
            for viewer in self._viewers:
                viewer.show(frame)

        self._soon(show)

    def tell(self, kind: str, **values: object) -> None:
        """A message for all viewers, those who come later too; the newest of a kind replaces those before."""
        text = to_text(kind, **values)

        def tell() -> None:
            self._texts[kind] = text
            for viewer in self._viewers:
                viewer.tell(kind, text)

        self._soon(tell)

    def viewers(self) -> int:
        """How many look at the page."""
        return sum(viewer.outbox.watching for viewer in tuple(self._viewers))

    def wanted(self, camera: str) -> set[bool]:
        """Which pictures of a camera viewers want: False: as they come, True: plain enlargement."""
        return {camera in viewer.outbox.compared for viewer in tuple(self._viewers) if viewer.outbox.watching}

    def join(self, viewer: Viewer) -> None:
        """A viewer has been let in.

        Raises:
            InputError: there are too many.
        """
        if len(self._viewers) >= self._most:
            raise InputError(f"{self._most} viewers are here, more are not taken")
        self._viewers = {*self._viewers, viewer}  # replaced, as other threads read it
        for kind, text in self._texts.items():
            viewer.tell(kind, text)
        self.actions.audience()
        for camera in self.cameras:
            self.actions.again(camera)

    def leave(self, viewer: Viewer) -> None:
        """A viewer has gone."""
        if viewer in self._viewers:
            self._viewers = self._viewers - {viewer}
            self.actions.audience()

    def _soon(self, step: Callable[[], object]) -> None:
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(step)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._until_ended())
        while left := asyncio.all_tasks(self._loop):  # they have been cancelled, and must hear of it
            self._loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        self._loop.close()

    async def _until_ended(self) -> None:
        await self._ended.wait()
        if self._listening is not None:
            self._listening.close()
        await asyncio.gather(*(viewer.end() for viewer in self._viewers))
        if self._runner is not None:
            await self._runner.cleanup()

    async def _listen(self, address: str, port: int) -> int:
        app = web.Application(middlewares=[self._guard], client_max_size=0)
        app.router.add_get("/live", self._live)
        app.router.add_get("/snapshot", self._snapshot)
        app.router.add_get("/{name:.*}", self._file)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0, lingering_time=0)
        await self._runner.setup()
        self._listening = await self._loop.create_server(self._connection, address, port)
        return int(self._listening.sockets[0].getsockname()[1])

    def _connection(self) -> asyncio.Protocol:
        """The other end of a new connection; of too many, or one that says nothing, it hangs up."""
        assert self._runner is not None and self._runner.server is not None
        server = self._runner.server
        if len(server.connections) >= _CONNECTIONS:
            return _HangUp()
        handler: web.RequestHandler = server()
        self._silent[handler] = self._loop.call_later(_PATIENCE, self._hang_up, handler)
        return handler

    def _hang_up(self, handler: web.RequestHandler) -> None:
        del self._silent[handler]
        if handler.transport is not None:
            handler.transport.abort()

    @web.middleware
    async def _guard(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        """What holds for all requests."""
        if (timer := self._silent.pop(request.protocol, None)) is not None:
            timer.cancel()
        secret = request.path in ("/live", "/snapshot")
        if refusal := self.access.refusal(request.headers, secret):
            handler = partial(_refuse, refusal)
        try:
            response = await handler(request)
        except web.HTTPException as error:
            response = web.Response(status=error.status, text=error.reason)
        if not response.prepared:
            response.headers.update(_HEADERS)
            response.force_close()  # a connection is for one request: who holds many open says so each time
        return response

    async def _file(self, request: web.Request) -> web.Response:
        name = request.match_info["name"] or "index.html"
        if name not in self._page:
            raise web.HTTPNotFound
        content_type = _TYPES[PurePath(name).suffix]
        return web.Response(body=self._page[name], content_type=content_type, charset="utf-8")

    async def _snapshot(self, request: web.Request) -> web.Response:
        if not self.access.knows(request.headers.get("Authorization", "").removeprefix(_BEARER)):
            raise web.HTTPUnauthorized
        camera, number = request.query.get("camera", ""), request.query.get("id", "")
        if camera not in self.cameras or not number.isdecimal() or len(number) > len(str(2**63)):
            raise web.HTTPNotFound
        compared = request.query.get("compared") == "true"
        png = await asyncio.to_thread(self.actions.snapshot, camera, int(number), compared)
        if png is None:
            raise web.HTTPNotFound
        return web.Response(body=png, content_type="image/png")

    async def _live(self, request: web.Request) -> web.StreamResponse:
        return await Viewer(self).serve(request)


class _HangUp(asyncio.Protocol):
    """For connections beyond those that are taken."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.abort()


async def _refuse(why: str, _: web.Request) -> web.Response:
    return web.Response(status=403, text=why)
