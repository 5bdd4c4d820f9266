"""The server as browsers, and others that mean no good, meet it."""

import asyncio
import contextlib
import json
import socket
import struct

import aiohttp
import pytest

from edgesr_ros.errors import InputError
from edgesr_ros.operator.access import Access
from edgesr_ros.operator.messages import PictureHeader, to_frame
from edgesr_ros.operator.server import Server

TIMEOUT = 30.0  # seconds; only a failing test waits so long
TOKEN = "0123456789abcdef"  # of conftest.py
HELLO = {"do": "hello"}


def run(server, talk):
    """Runs a coroutine with a client's session and the server's address."""

    async def talking():
        async with aiohttp.ClientSession(f"http://127.0.0.1:{server.port}") as session:
            return await asyncio.wait_for(talk(session), TIMEOUT)

    return asyncio.run(talking())


def frame(number, camera="front", compared=False):
    header = PictureHeader(
        camera=camera, id=number, stamp_ns=str(number), width=4, height=3, compared=compared, method="sr"
    )
    return to_frame(header, b"JPEG of %d" % number)


async def opened(session, hello=HELLO, **headers):
    """A WebSocket that has been let in."""
    live = await session.ws_connect("/live", headers=headers)
    await live.send_json(hello)
    assert (await live.receive_json())["is"] == "cameras"
    return live


async def picture_of(live):
    """The next picture, past all texts: header and JPEG."""
    while (message := await live.receive()).type == aiohttp.WSMsgType.TEXT:
        pass
    assert message.type == aiohttp.WSMsgType.BINARY, message
    (length,) = struct.unpack_from("<I", message.data)
    return json.loads(message.data[4 : 4 + length]), message.data[4 + length :]


async def end_of(live):
    """Code and reason of the end, past all else."""
    while (message := await live.receive()).type in (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY):
        pass
    return live.close_code, message.extra


def test_the_page_is_there_and_takes_nothing_from_elsewhere(server):
    async def talk(session):
        names = ["", "page.css", "page.js", "icon.svg"]
        return [(await session.get(f"/{name}")) for name in names]

    answers = run(server, talk)
    assert [answer.status for answer in answers] == [200] * 4
    for answer in answers:
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"


@pytest.mark.parametrize(
    "path",
    ["/../server.py", "/%2e%2e/server.py", "/page", "/etc/passwd", "/snapshot", "/snapshot?camera=front"],
)
def test_there_is_nothing_else(server, path):
    async def talk(session):
        return (await session.get(path)).status

    assert run(server, talk) == 404


def test_pictures_reach_who_shows_them_and_pile_up_for_nobody(server):
    async def talk(session):
        reader, idler = await opened(session), await opened(session)
        for number in range(1, 31):
            server.show(frame(number))
            header, jpeg = await picture_of(reader)
            assert (header["id"], header["method"], jpeg) == (number, "sr", b"JPEG of %d" % number)
            await reader.send_json({"do": "seen", "camera": "front", "id": number})
        got = [(await picture_of(idler))[0]["id"] for _ in range(2)]
        await idler.send_json({"do": "seen", "camera": "front", "id": 2})
        return [*got, (await picture_of(idler))[0]["id"]]

    assert run(server, talk) == [1, 2, 30]


def test_who_comes_later_is_told_what_was_told_before(server):
    server.tell("minute", rows=1)
    server.tell("minute", rows=2)

    async def talk(session):
        live = await opened(session)
        return await live.receive_json()

    assert run(server, talk) == {"is": "minute", "rows": 2}


def test_what_a_page_asks_reaches_the_node(server, node):
    async def talk(session):
        live = await opened(session)
        for request in (
            {"do": "focus", "camera": "rear"},
            {"do": "record", "on": True},
            {"do": "compare", "camera": "rear", "on": True},
            {"do": "ping", "at": 12.5},
        ):
            await live.send_json(request)
        pong = await live.receive_json()
        assert (pong["is"], pong["at"]) == ("pong", 12.5)
        assert server.wanted("rear") == {True} and server.wanted("front") == {False}
        server.show(frame(1, "rear"))
        server.show(frame(2, "rear", compared=True))
        assert (await picture_of(live))[0]["compared"]

    run(server, talk)
    assert [what for what in node.asked if what[0] not in ("audience", "again")] == [
        ("focus", "rear"),
        ("record", True),
    ]
    assert ("again", "rear") in node.asked


def test_a_parameter_is_set_and_the_answer_comes_back(server, node):
    async def talk(session):
        live = await opened(session)
        for number, value in enumerate((2.5, 99, True)):
            await live.send_json({"do": "set", "node": "/n", "name": "p", "value": value, "id": number})
        answers = [await live.receive_json() for _ in range(3)]
        return {answer["id"]: answer["reason"] for answer in answers}

    assert run(server, talk) == {0: "", 1: "too large", 2: ""}
    assert [what[3] for what in node.asked if what[0] == "set"] == [2.5, 99, True]


def test_only_so_many_parameters_wait_for_a_node_that_does_not_answer(server):
    async def talk(session):
        live = await opened(session)
        for number in range(50):
            await live.send_json({"do": "set", "node": "/n", "name": "p", "value": "silence", "id": number})
        return await live.receive_json()

    assert run(server, talk)["reason"] == "too many at once"


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Host": "evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
    ],
)
def test_another_origin_gets_neither_socket_nor_snapshot(server, node, headers):
    async def talk(session):
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await session.ws_connect("/live", headers=headers)
        snapshot = await session.get("/snapshot?camera=front&id=1", headers=headers)
        return refused.value.status, snapshot.status

    assert run(server, talk) == (403, 403)
    assert node.asked == []


def test_a_snapshot_is_of_the_picture_that_is_asked_for(server):
    async def talk(session):
        answers = [
            await session.get(f"/snapshot?camera={query}")
            for query in ("rear&id=7", "rear&id=7&compared=true", "side&id=7", "rear&id=99", "rear&id=-1")
        ]
        return [(answer.status, await answer.read()) for answer in answers]

    answers = run(server, talk)
    assert answers[:2] == [(200, b"rear 7 False"), (200, b"rear 7 True")]
    assert [status for status, _ in answers[2:]] == [404, 404, 404]


@pytest.mark.parametrize("token", ["", "wrong", TOKEN[:-1]])
def test_without_the_token_nothing_is_to_be_had(guarded, node, token):
    async def talk(session):
        live = await session.ws_connect("/live")
        await live.send_json({"do": "hello", "token": token})
        guarded.show(frame(1))
        message = await live.receive()
        snapshot = await session.get(
            "/snapshot?camera=front&id=1", headers={"Authorization": f"Bearer {token}"}
        )
        return message.type, live.close_code, message.extra, snapshot.status

    assert run(guarded, talk) == (aiohttp.WSMsgType.CLOSE, 1008, "wrong token", 401)
    assert node.asked == []


def test_with_the_token_all_is_to_be_had(guarded):
    async def talk(session):
        live = await opened(session, {"do": "hello", "token": TOKEN})
        guarded.show(frame(1))
        header, _ = await picture_of(live)
        headers = {"Authorization": f"Bearer {TOKEN}"}
        return header["id"], (await session.get("/snapshot?camera=front&id=1", headers=headers)).status

    assert run(guarded, talk) == (1, 200)


def test_more_viewers_than_allowed_are_told_so_and_a_place_that_gets_free_is_given(server):
    async def talk(session):
        lives = [await opened(session) for _ in range(4)]
        fifth = await session.ws_connect("/live")
        await fifth.send_json(HELLO)
        assert await end_of(fifth) == (1008, "4 viewers are here, more are not taken")
        await lives[0].close()
        while server.viewers() > 3:
            await asyncio.sleep(0.01)
        await opened(session)

    run(server, talk)


@pytest.mark.parametrize(
    "message",
    ["", "{", '{"do": "fly"}', '{"do": "focus", "camera": "side"}', '{"do": "seen"}', "x" * 5000, b"\0" * 9],
    ids=["empty", "cut", "unknown", "no_camera", "lacks_a_field", "huge", "binary"],
)
def test_what_is_malformed_or_huge_ends_that_page_alone(server, node, message):
    async def talk(session):
        good, bad = await opened(session), await opened(session)
        await (bad.send_bytes if isinstance(message, bytes) else bad.send_str)(message)
        code, _ = await end_of(bad)
        server.show(frame(1))
        return code, (await picture_of(good))[0]["id"]

    code, shown = run(server, talk)
    assert code in (1008, 1009)  # 1009: too large
    assert shown == 1
    assert not any(what[0] == "focus" for what in node.asked)


def test_ten_thousand_quick_messages_end_that_page_alone(server, node):
    async def talk(session):
        good, bad = await opened(session), await opened(session)
        try:
            for _ in range(10_000):
                await bad.send_str('{"do": "focus", "camera": "rear"}')
        except (ConnectionError, aiohttp.ClientError):
            pass
        code, reason = await end_of(bad)
        server.show(frame(1))
        return code, reason, (await picture_of(good))[0]["id"]

    code, reason, shown = run(server, talk)
    assert (code, reason) in ((1008, "too many messages"), (1006, None))  # 1006: it never heard why
    assert shown == 1
    assert sum(what[0] == "focus" for what in node.asked) < 5000


def test_ten_thousand_quick_requests_leave_the_stream_as_it_is(server):
    request = b"GET /nothing HTTP/1.1\r\nHost: localhost\r\n\r\n"

    async def hammer(times):
        for _ in range(times):
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write(request * 25)  # pipelined: the first is answered
            await reader.read()
            writer.close()

    async def talk(session):
        live = await opened(session)
        attack = asyncio.gather(*(hammer(50) for _ in range(8)))
        number = 0
        while not attack.done():
            number += 1
            server.show(frame(number))
            assert (await picture_of(live))[0]["id"] == number
            await live.send_json({"do": "seen", "camera": "front", "id": number})
        return number

    assert run(server, talk) > 10


@pytest.mark.parametrize(
    "data",
    [
        b"\0" * 100_000,
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /" + b"x" * 100_000,
        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 999999999\r\n\r\n" + b"x" * 100_000,
        b"GET /live HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
    ],
    ids=["zeros", "version", "long_line", "large_body", "no_key"],
)
def test_what_is_no_request_is_hung_up_on(server, data):
    async def talk(session):
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(data)
        try:
            answer = await reader.read()
        except ConnectionError:
            answer = b""
        writer.close()
        return answer, (await session.get("/")).status

    answer, status = run(server, talk)
    assert not answer or answer.split()[1][:1] == b"4"
    assert status == 200


def test_connections_beyond_what_is_taken_are_refused_and_free_again(server, monkeypatch):
    monkeypatch.setattr("edgesr_ros.operator.server._CONNECTIONS", 5)
    silent = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(5)]

    async def status(session):
        try:
            return (await session.get("/")).status
        except aiohttp.ClientError:
            return None

    async def talk(session):
        while await status(session) is not None:  # those that came together were let in together
            await asyncio.sleep(0.01)
        for one in silent:
            one.close()
        while await status(session) is None:
            await asyncio.sleep(0.01)

    run(server, talk)


def test_one_who_connects_and_says_nothing_is_hung_up_on(node, monkeypatch):
    monkeypatch.setattr("edgesr_ros.operator.server._PATIENCE", 0.05)
    server = Server(Access("127.0.0.1", ""), ("front",), 4, node)
    server.start("127.0.0.1", 0)
    with socket.create_connection(("127.0.0.1", server.port), timeout=TIMEOUT) as silent:
        silent.sendall(b"GET / HT")
        with contextlib.suppress(ConnectionResetError):
            assert silent.recv(1) == b""
    server.close()


def test_a_port_that_is_taken_is_one_line(server, node):
    second = Server(Access("127.0.0.1", ""), ("front",), 4, node)
    with pytest.raises(
        InputError, match=rf"127\.0\.0\.1 port {server.port}: cannot be listened on \(.*in use"
    ):
        second.start("127.0.0.1", server.port)
