"""Several cameras of one robot over DDS: one node at each end."""

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticArray
from rcl_interfaces.srv import GetParameters
from ros_messages import image_message
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import String

PERIOD_NS = 50_000_000
NAMES = ("front", "rear", "arm")
BETWEEN_THEM = {
    f"qos_overrides./{topic}.subscription.reliability": "best_effort" for topic in ("link_report",)
}


@pytest.fixture
def start(bench):
    bench.start("onboard", cameras="front,rear,arm", ladder="webp", **BETWEEN_THEM)
    bench.start("ground_station", cameras="front,rear,arm", model="bicubic", overlay=False, deadline=10.0)


def focus_of(bench) -> str:
    client = bench.node.create_client(GetParameters, "/onboard/get_parameters")
    bench.wait(client.service_is_ready, "the service of the parameters")
    future = client.call_async(GetParameters.Request(names=["focus"]))
    bench.wait(future.done, "the parameter")
    bench.node.destroy_client(client)
    return future.result().values[0].string_value


@pytest.mark.usefixtures("start")
def test_each_camera_is_shown_where_it_is_looked_at_and_the_others_cost_nothing(bench):
    shown = {name: bench.collect(Image, f"{name}/image_sr") for name in NAMES[:2]}
    sent = bench.collect(CompressedImage, "front/image_lr/compressed")
    decisions = bench.collect(DiagnosticArray, "rear/rate_control")
    reports = bench.collect(DiagnosticArray, "link_report")
    cameras = {name: bench.publisher(Image, f"{name}/image_raw") for name in NAMES[:2]}
    number = 0

    def enough():
        nonlocal number
        number += 1
        for index, camera in enumerate(cameras.values()):
            picture = np.full((48, 64, 3), 60 + 100 * index, np.uint8)
            picture[number % 48] = 255
            camera.publish(image_message(picture, number * PERIOD_NS, NAMES[index]))
        bench.spin(0.05)
        return min(len(messages) for messages in (*shown.values(), decisions)) > 8

    bench.wait(enough, "pictures of both")
    assert bench.node.count_subscribers("arm/image_raw") == 0
    assert bench.node.count_subscribers("arm/image_lr/compressed") == 0
    for index, name in enumerate(shown):
        assert {message.header.frame_id for message in shown[name]} == {name}
        assert abs(np.median(shown[name][-1].data) - 60 - 100 * index) < 20
    assert {message.header.frame_id for message in sent} == {"front"}
    assert {status.name for message in reports for status in message.status} == {"front", "rear"}
    assert {message.header.frame_id for message in decisions} == {"rear"}
    bench.wait(lambda: "front.state" in bench.diagnosed("onboard"), "the decisions of both")
    assert "rear.state" in bench.diagnosed("onboard")

    def of_all():
        found = bench.diagnosed("onboard")
        each = [float(found.get(f"{name}.rate_bytes_per_s", "inf")) for name in shown]
        assert "arm.rate_bytes_per_s" not in found
        return enough() and max(each) < float(found["rate_bytes_per_s"])

    bench.wait(of_all, "what the page draws: the rate of all cameras together")


@pytest.mark.usefixtures("start")
def test_a_topic_sets_the_focus_to_a_camera_that_is_there(bench):
    wish = bench.publisher(String, "focus")
    bench.deliver(wish, String(data="rear"), lambda: focus_of(bench) == "rear", "the focus")
    wish.publish(String(data="left"))
    bench.wait(lambda: "focus: expected one of front, rear, arm or nothing" in bench.said(), "a refusal")
    assert focus_of(bench) == "rear"
    bench.deliver(wish, String(data=""), lambda: focus_of(bench) == "", "no focus")
