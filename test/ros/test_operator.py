"""The operator's page in a real browser, over real nodes: camera, robot, ground station, page."""

import io
import json
import socket
import struct
import time

import cv2
import numpy as np
import pytest
from page_browser import Browser
from PIL import Image as Pictures
from rcl_interfaces.srv import GetParameters, SetParameters
from rclpy.parameter import Parameter
from ros_bench import Bench
from sensor_msgs.msg import Image
from std_msgs.msg import Header, String

from edgesr_ros.frames.message import fill_image, image_to_array
from edgesr_ros.nodes.messages import nanoseconds, to_time
from edgesr_ros.nodes.node import LATCHED
from edgesr_ros.operator.outbox import WINDOW
from edgesr_ros.sources.opening import open_source

pytestmark = [pytest.mark.ros]

RATE_HZ = 8


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("operator")


@pytest.fixture(scope="module")
def browser(folder):
    (folder / "downloads").mkdir()
    browser = Browser(folder / "profile", folder / "downloads")
    yield browser
    browser.close()


@pytest.fixture(scope="module")
def chain(folder, module_domain, browser):  # noqa: ARG001  # without a browser nothing is started
    """The nodes, in the root namespace, without a link between them. The camera `rear` shows nothing."""
    rng = np.random.default_rng(5)
    (folder / "pictures").mkdir()
    scene = cv2.resize(rng.integers(0, 256, (30, 60, 3), np.uint8), (320, 160), interpolation=cv2.INTER_CUBIC)
    for number in range(40):
        picture = scene[:96, 4 * number : 4 * number + 128]
        cv2.imwrite(str(folder / "pictures" / f"{number:02}.png"), picture)
    bench = Bench(folder, module_domain)
    with socket.create_server(("127.0.0.1", 0)) as free:
        bench.port = free.getsockname()[1]
    front = ("image_sr", "image_sr/facts", "image_received", "stale")
    player = {"source": folder / "pictures", "rate": RATE_HZ, "loop": True}
    bench.processes.start(
        "operator",
        parameters={"port": bench.port, "recordings": folder / "recordings", "cameras": "front,rear"},
        remappings={f"front/{topic}": topic for topic in front},
    )
    for node, parameters in (
        ("ground_station", {"backend": "onnxruntime", "threads": 1, "overlay": False, "deadline": 5.0}),
        ("onboard", {"ladder": "none", "scale": 4, "quality": 90}),
        ("frame_player", player),
    ):
        bench.processes.start(node, parameters=parameters)
    bench.camera = lambda: bench.processes.start("frame_player", parameters=player)
    yield bench
    bench.close()


@pytest.fixture(scope="module")
def page(browser, chain):
    """The page, with pictures on it whose age is known."""
    address = f"http://127.0.0.1:{chain.port}/"
    chain.wait(lambda: "the page: " in chain.said(), "the address of the page")
    assert f"the page: {address}\n" in chain.said()
    browser.idle = lambda: chain.spin(0.02)
    browser.open(address)
    browser.wait(lambda: browser.ask("document.querySelector('figure.focused')?.dataset.stamp"), "a picture")
    browser.wait(lambda: browser.text("age-value").endswith("s"), "the age of a picture")
    return browser


def shown(page):
    """Stamp and number of the picture on the screen."""
    return page.ask(
        "(({stamp, id}) => [stamp, Number(id)])(document.querySelector('figure.focused').dataset)"
    )


def value(chain, node, name):
    """A parameter of a node, as the node has it."""
    client = chain.node.create_client(GetParameters, f"{node}/get_parameters")
    chain.wait(client.service_is_ready, f"the parameters of {node}")
    future = client.call_async(GetParameters.Request(names=[name]))
    chain.wait(future.done, f"{name} of {node}")
    (found,) = future.result().values
    chain.node.destroy_client(client)
    return found


def control(parameter):
    return f"document.querySelector('[data-parameter=\"{parameter}\"] :is(input, select)')"


def test_pictures_move_and_say_how_old_and_how_invented_they_are(page):
    stamp, number = shown(page)
    page.wait(lambda: shown(page)[1] >= number + 2 * RATE_HZ, "more pictures")
    assert shown(page)[0] != stamp
    page.wait(lambda: page.text("mark-name") == "SR ×4", "the mark of super-resolution")
    assert page.text("mark-text") == "detail is invented"
    assert page.text("age-error").startswith("± ") and page.text("age-error").endswith(" ms old")
    assert "128×96" in page.text("facts") and "from 32×24" in page.text("facts")
    size = page.ask("parseFloat(getComputedStyle(document.getElementById('age-value')).fontSize)")
    assert size >= 32  # pixels of 1/96 inch: letters of 6 mm, and twice that on a large screen
    pixels = page.ask(
        "[...document.querySelector('canvas').getContext('2d').getImageData(0, 0, 128, 96).data]"
    )
    assert np.std(np.array(pixels).reshape(96, 128, 4)[:, :, :3]) > 20


def test_the_last_minute_and_what_nodes_do_are_there(page):
    page.wait(lambda: "frames/s" in page.text("robots"), "what the robot does")
    page.wait(lambda: "/onboard" in page.text("nodes"), "the nodes")
    page.wait(lambda: page.ask("document.querySelectorAll('.chart .first[d^=M]').length") == 5, "five charts")
    page.wait(
        lambda: page.ask("document.querySelectorAll('.chart .second[d^=M]').length") == 1, "what is sent"
    )


def test_a_parameter_set_on_the_page_arrives_in_the_node(page, chain):
    page.wait(lambda: page.ask(f"{control('/ground_station/interpolation')} !== null"), "the controls")
    assert value(chain, "/ground_station", "method").string_value == "sr"
    page.ask("document.querySelector('[data-parameter=\"/ground_station/method\"] [value=bicubic]').click()")
    chain.wait(
        lambda: value(chain, "/ground_station", "method").string_value == "bicubic",
        "the parameter in the node",
    )
    page.wait(lambda: page.text("mark-name") == "PLAIN ×4", "plain pictures")
    page.ask("document.querySelector('[data-parameter=\"/ground_station/method\"] [value=sr]').click()")
    page.wait(lambda: page.text("mark-name") == "SR ×4", "super-resolved pictures")


def test_a_parameter_set_in_the_node_arrives_on_the_page(page, chain):
    client = chain.node.create_client(SetParameters, "/onboard/set_parameters")
    chain.wait(client.service_is_ready, "the parameters of onboard")
    client.call_async(SetParameters.Request(parameters=[Parameter("quality", value=77).to_parameter_msg()]))

    page.wait(lambda: page.ask(f"{control('/onboard/quality')}.value") == "77", "the parameter on the page")


def test_what_a_node_refuses_is_told_and_taken_back(page):
    page.ask(
        f"(input => (input.value = '-1', input.dispatchEvent(new Event('change'))))"
        f"({control('/ground_station/deadline')})"
    )
    problem = "document.querySelector('[data-parameter=\"/ground_station/deadline\"] .problem').textContent"
    assert "> 0" in page.wait(lambda: page.ask(problem), "why it was refused")
    assert page.ask(f"{control('/ground_station/deadline')}.value") == "5"


def test_every_live_parameter_has_a_control(page):
    from edgesr_ros.nodes.parameters import properties_of
    from edgesr_ros.nodes.remote_parameters import PARAMETERS

    kinds = {name: PARAMETERS[name] for name in ("onboard", "ground_station")}
    live = {
        f"/{node}/{name}"
        for node, kind in kinds.items()
        for name, facts in properties_of(kind).items()
        if not facts.get("readOnly")
    }
    found = page.ask("[...document.querySelectorAll('[data-parameter]')].map(c => c.dataset.parameter)")
    assert set(found) == live | {"/operator/jpeg_quality"}


def test_keys_alone_compare_with_plain_enlargement_while_one_is_held(page):
    page.key("c", "keyDown")
    page.wait(lambda: page.text("mark-name") == "PLAIN ×4", "the plain picture")
    assert page.text("mark-text") == "compared: without the network"
    assert page.ask("document.getElementById('compare').ariaPressed") == "true"
    page.key("c", "keyUp")
    page.wait(lambda: page.text("mark-name") == "SR ×4", "the super-resolved picture")


def test_a_camera_that_is_chosen_is_told_to_the_robot(page, chain):
    focus = chain.collect(String, "focus", LATCHED)
    page.key("2")
    page.wait(lambda: page.text("alarm") == "NO PICTURE YET", "the camera without pictures")
    chain.wait(lambda: [message.data for message in focus] == ["rear"], "the news at the robot")
    page.ask("document.querySelector('[data-camera=front]').click()")
    page.wait(lambda: page.text("alarm") == "" and page.text("mark-name") == "SR ×4", "the other one")
    chain.wait(lambda: [message.data for message in focus] == ["rear", "front"], "the news of that")


def test_every_button_and_setting_is_reached_by_tab_and_shows_that_it_is(page):
    page.ask("document.activeElement.blur()")
    reached = set()
    for _ in range(60):
        page.key("Tab")
        element = page.ask("(({id, name, dataset}) => id || name || dataset.camera)(document.activeElement)")
        reached.add(element)
        outlined = "[document.activeElement, document.activeElement.nextElementSibling]"
        assert page.ask(f"{outlined}.some(e => e && getComputedStyle(e).outlineStyle !== 'none')"), element
        if element == "/operator/jpeg_quality":
            break
    assert {"front", "rear", "compare", "snapshot", "record", "/ground_station/method"} <= reached
    assert {"/onboard/quality", "/onboard/max_rate", "/operator/jpeg_quality"} <= reached


def test_a_snapshot_is_the_picture_that_was_shown_with_its_facts(page, chain, folder):
    pictures = chain.collect(Image, "image_sr")
    chain.wait(lambda: len(pictures) > 2, "pictures")
    page.ask("document.activeElement.blur()")
    page.key("s")

    (path,) = page.wait(lambda: list((folder / "downloads").glob("*.png")), "the snapshot")
    png = Pictures.open(io.BytesIO(path.read_bytes()))
    assert png.text["method"] == "sr" and float(png.text["age_ms"]) > 0
    stamp = int(png.text["stamp_ns"])
    assert path.stem == f"front_{stamp}"
    chain.wait(lambda: nanoseconds(pictures[-1].header.stamp) >= stamp, "that picture")
    (message,) = (one for one in pictures if nanoseconds(one.header.stamp) == stamp)
    assert (np.asarray(png) == image_to_array(message)).all()


def test_a_recording_holds_what_was_shown_and_plays(page, chain):
    pictures = chain.collect(Image, "image_sr")
    page.key("r")
    page.wait(lambda: page.text("record-text").startswith("Stop"), "the recording")
    _, number = shown(page)
    page.wait(lambda: shown(page)[1] > number + RATE_HZ, "more pictures")
    page.key("r")
    note = page.wait(
        lambda: (text := page.text("note")).startswith("Recorded: ") and text, "the end of the recording"
    )
    path = note.removeprefix("Recorded: ")
    there = {nanoseconds(one.header.stamp): image_to_array(one) for one in pictures}
    source = open_source(path)
    frames = [frame for frame in source if frame.stamp_ns in there]
    source.close()
    assert len(frames) > RATE_HZ // 2
    for frame in frames:
        assert np.abs(frame.array.astype(int) - there[frame.stamp_ns]).mean() < 6


def test_a_second_viewer_that_stops_reading_changes_nothing_for_the_first(page, chain):
    with socket.create_connection(("127.0.0.1", chain.port)) as viewer:
        lines = (
            "GET /live HTTP/1.1",
            f"Host: 127.0.0.1:{chain.port}",
            "Upgrade: websocket",
            "Connection: Upgrade",
        )
        keys = ("Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==", "", "")
        viewer.sendall("\r\n".join((*lines, *keys)).encode())
        assert viewer.recv(1000).startswith(b"HTTP/1.1 101")
        hello = json.dumps({"do": "hello"}).encode()
        viewer.sendall(struct.pack("!BBI", 0x81, 0x80 | len(hello), 0) + hello)  # masked by zeros
        _, number = shown(page)
        page.wait(lambda: shown(page)[1] >= number + 3 * RATE_HZ, "pictures as before")
        assert page.ask("document.getElementById('stage').dataset.state") in ("fresh", "late", "old")
        viewer.settimeout(0.2)
        got = b""
        try:
            while data := viewer.recv(1 << 20):
                got += data
        except TimeoutError:
            pass
    assert got.count(b"\xff\xd8\xff") == WINDOW  # beginnings of JPEG


def test_each_camera_has_its_own_pictures_on_the_page_and_its_own_facts(page, chain):
    colour = (200, 40, 90)
    message = Image(header=Header(stamp=to_time(time.time_ns())))
    fill_image(message, np.full((96, 128, 3), colour, np.uint8))
    rear = "document.querySelector('figure[data-camera=rear]')"
    _, number = shown(page)
    publisher = chain.publisher(Image, "rear/image_sr")
    chain.deliver(publisher, message, lambda: page.ask(f"{rear}.dataset.id"), "a picture of the other one")
    pixel = f"[...{rear}.querySelector('canvas').getContext('2d').getImageData(64, 48, 1, 1).data]"
    assert np.abs(np.subtract(page.ask(pixel)[:3], colour)).max() < 8
    assert page.text("mark-name") == "SR ×4"  # of the one that is looked at
    page.wait(lambda: shown(page)[1] >= number + RATE_HZ // 2, "its pictures as before")
    chain.node.destroy_publisher(publisher)
    page.key("2")
    page.wait(lambda: page.text("mark-name") == "NOT KNOWN", "that nothing is known of the other's")
    page.key("1")
    page.wait(lambda: page.text("mark-name") == "SR ×4", "the first one")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_a_phone_and_can_be_read(page, scheme):
    page.screen(390, 844, scheme)
    try:
        assert page.ask("document.documentElement.scrollWidth") <= 390
        for name in ("age-value", "mark-name", "facts", "link-title"):
            assert contrast(page, name) >= 4.5, name
        seen = "[...document.querySelectorAll('button')].filter(b => b.offsetParent)"
        assert page.ask(f"{seen}.every(b => b.offsetHeight >= 44)")  # for a thumb
    finally:
        page.screen(1400, 900)


def contrast(page, name):
    """By WCAG 2, of an element's text on what is behind it."""
    colours = page.ask(
        f"((e) => {{ const own = getComputedStyle(e).color; "
        "while (/, 0\\)$/.test(getComputedStyle(e).backgroundColor)) e = e.parentElement; "
        f"return [own, getComputedStyle(e).backgroundColor]; }})(document.getElementById('{name}'))"
    )
    lights = []
    for colour in colours:
        values = np.array([float(one) for one in colour[colour.index("(") + 1 : -1].split(",")[:3]]) / 255
        linear = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
        lights.append(linear @ (0.2126, 0.7152, 0.0722))
    return (max(lights) + 0.05) / (min(lights) + 0.05)


def test_a_stale_stream_is_announced_and_a_fresh_one_too(page, chain):
    chain.processes.stop("frame_player")
    page.wait(lambda: page.text("alarm") == "STALE", "the announcement")
    assert page.ask("document.getElementById('stage').dataset.state") == "stale"
    assert page.ask("document.title").startswith("STALE")
    page.wait(lambda: page.text("age-value").endswith(" s"), "an age that grows")
    chain.camera()
    page.wait(lambda: page.text("alarm") == "" and page.text("age-value").endswith("ms"), "fresh pictures")


def test_without_the_node_the_page_says_so(page, chain):
    chain.processes.stop("operator")
    page.wait(lambda: page.text("alarm") == "NO CONNECTION", "the announcement")
    assert page.ask("document.getElementById('stage').dataset.state") == "lost"


def test_nothing_left_the_machine_and_nothing_went_wrong(page, chain):
    addresses = {address for address in page.requests() if address.startswith(("http", "ws"))}
    assert addresses
    ours = (f"http://127.0.0.1:{chain.port}/", f"ws://127.0.0.1:{chain.port}/")
    assert all(address.startswith(ours) for address in addresses), addresses
    # The node was ended by the test before.
    assert [line for line in page.console() if "/live" not in line and "ERR_CONNECTION" not in line] == []
