"""The nodes do over DDS what the ends do in simulated time: all hangs on frames, reports and their times."""

import threading

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.parameter import Parameter
from ros_messages import image_message
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header

from edgesr_ros.codecs.format import FrameFormat
from edgesr_ros.codecs.h264 import H264Encoder
from edgesr_ros.codecs.stills import encode
from edgesr_ros.defaults import defaults_of
from edgesr_ros.ends import cameras
from edgesr_ros.ends.cameras import Cameras
from edgesr_ros.ends.ground import Ground
from edgesr_ros.ends.restorer import GroundSettings, Restorer, facts_of
from edgesr_ros.ends.robot import Robot
from edgesr_ros.errors import InputError
from edgesr_ros.frames.message import image_to_array
from edgesr_ros.frames.reduce import reduce_frame
from edgesr_ros.nodes import onboard
from edgesr_ros.nodes.messages import as_array, nanoseconds, pairs_of, to_time, with_pairs
from edgesr_ros.nodes.node import COMPRESSED
from edgesr_ros.schema import convert

FRAMES = 60
OF_ALL = ("use", "expect_reports", "newcomer", "reported")  # cameras, not of one
MODEL = "edgesrgan_tiny_x4_link_int8"


class Calls:
    """What the node asks of its end, when, and what the answer was."""

    def __init__(self):
        self.calls = []
        self.lock = threading.RLock()  # the order that is written is the order that was

    def noted(self, kind, *names):
        """A class whose methods of these names are written down."""

        def noting(name):
            def call(this, *arguments):
                with self.lock:
                    answer = getattr(kind, name)(this, *arguments)
                    self.calls.append((name, arguments, answer))
                    return answer

            return call

        return type(kind.__name__, (kind,), {name: noting(name) for name in names})


@pytest.fixture
def robots_end(bench, monkeypatch):
    """The onboard node in a thread of this process and a context of its own, so that its end is seen."""
    calls, begin = Calls(), []
    recorded = calls.noted(Cameras, *OF_ALL)

    def begun(settings, first_number, *more):
        begin.append((settings, number := first_number()))
        return recorded(settings, lambda: number, *more)

    monkeypatch.setattr(cameras, "Robot", calls.noted(Robot, "frame", "wait", "encode", "sent", "again"))
    monkeypatch.setattr(onboard, "Cameras", begun)
    context = Context()
    context.init(domain_id=bench.context.get_domain_id())
    node = onboard.Onboard(context=context, parameter_overrides=[Parameter("ladder", value="h264")])
    executor = SingleThreadedExecutor(context=context)
    executor.add_node(node)
    thread = threading.Thread(target=executor.spin)
    thread.start()
    yield calls, *begin[0]
    executor.shutdown()
    thread.join()
    node.close()
    node.destroy_node()
    context.try_shutdown()


def moving(number):
    rng = np.random.default_rng(5)
    scene = rng.integers(0, 256, (96, 128 + FRAMES, 3), np.uint8)
    return np.ascontiguousarray(scene[:, number : number + 128])


def test_the_same_frames_and_reports_lead_to_the_same_decisions(bench, robots_end):
    ground = Ground()
    reports = bench.node.create_publisher(DiagnosticArray, "link_report", 10)
    sent, told = [], bench.collect(DiagnosticArray, "rate_control")

    def on_sent(message):
        sent.append(message)
        if len(sent) % 7 == 0:  # lost on the way
            return
        arrival_ns, stamp_ns = len(sent) * 33_000_000, nanoseconds(message.header.stamp)
        received = ground.decode(stamp_ns, message.data, message.format)
        report, _ = ground.arrived(arrival_ns, arrival_ns, received)
        if report:  # there is none of a part that changes nothing
            reports.publish(with_pairs(message.header, "link_report", report.to_pairs()))

    bench.node.create_subscription(CompressedImage, "image_lr/compressed", on_sent, COMPRESSED)
    camera = bench.publisher(Image, "image_raw")
    bench.wait(reports.get_subscription_count, "who hears reports")
    for number in range(FRAMES):
        camera.publish(image_message(moving(number), (number + 1) * 33_000_000))
        bench.spin(0.03)
    bench.wait(lambda: len(sent) > 10 and len(told) > 10, "frames and decisions")

    calls, settings, first_number = robots_end
    with calls.lock:
        calls = list(calls.calls)
    both = Cameras(settings, lambda: first_number)
    end, packet, packets, messages = both.robots[""], None, {}, set()
    for name, arguments, answer in calls:
        if name == "sent":
            now, stamp_ns, _ = arguments
            assert end.sent(now, stamp_ns, packet) == answer
            messages |= set(answer)
            packets[stamp_ns] = packet
            continue
        again = getattr(both if name in OF_ALL else end, name)(*arguments)
        assert again == answer, name
        if name == "encode":
            packet = again
        if name == "again":
            messages |= set(answer)
    names = [name for name, _, _ in calls]
    assert names.count("reported") > 10
    assert names.count("again") == names.count("reported")
    for message in sent:
        assert (nanoseconds(message.header.stamp), message.format, bytes(message.data)) in messages
    decisions = {nanoseconds(message.header.stamp): pairs_of(message) for message in told}
    for stamp_ns, pairs in decisions.items():
        decision = packets[stamp_ns].decision
        assert pairs["frame_bytes"] == f"{decision.frame_bytes:.6g}"
        assert pairs["rate_bytes_per_s"] == f"{decision.rate_bytes_per_s:.6g}"
        assert pairs["state"] == decision.state


def received_frames():
    """(stamp, data, format): frames of all reductions, one twice, one damaged, and a stream with a gap."""
    clip = [moving(number) for number in range(12)]
    stamp = 1_000_000_000
    for number, scale in enumerate((1, 2, 4, 8)):
        data = encode(reduce_frame(clip[number], scale), "webp", 80)
        yield stamp + number, data, FrameFormat.of(clip[number], "webp").text()
    yield stamp + 3, data, FrameFormat.of(clip[3], "webp").text()
    yield stamp + 4, data[: len(data) // 2], FrameFormat.of(clip[3], "webp").text()
    grey = clip[4][:, :, 1]
    yield stamp + 5, encode(reduce_frame(grey, 4), "jpeg", 80), FrameFormat.of(grey, "jpeg").text()
    encoder = H264Encoder(32, 24, 30)
    for number in range(6, 12):
        packet = encoder.encode(reduce_frame(clip[number], 4))
        if number != 8:
            yield stamp + number, packet, FrameFormat.of(clip[number], "h264").text()


def test_the_same_bytes_lead_to_the_same_reports_pictures_and_facts(bench):
    chosen = {"model": MODEL, "backend": "onnxruntime", "overlay": False, "deadline": 30.0}
    bench.start("ground_station", **chosen)
    pictures, facts = bench.collect(Image, "image_sr"), bench.collect(DiagnosticArray, "image_sr/facts")
    reports = bench.collect(DiagnosticArray, "link_report")
    robot = bench.publisher(CompressedImage, "image_lr/compressed")

    known = GroundSettings.__struct_fields__
    values = {key: value for key, value in (defaults_of("ground_station") | chosen).items() if key in known}
    restorer, ground = Restorer(convert(values, GroundSettings, "test"), print), Ground()
    drops = []
    for number, (stamp_ns, data, form) in enumerate(received_frames(), 1):
        shown, reported = len(pictures), len(reports)
        header = Header(stamp=to_time(stamp_ns), frame_id="camera")
        robot.publish(CompressedImage(header=header, format=form, data=as_array(data)))
        try:
            received = ground.decode(stamp_ns, data, form)
        except InputError:
            bench.wait(lambda: bench.count("ground_station", "dropped.malformed"), "the drop")
            continue
        report, dropped = ground.arrived(number, number, received)
        bench.wait(lambda reported=reported: len(reports) > reported, "the report")
        told = pairs_of(reports[-1])
        assert {key: told[key] for key in ("stamp_ns", "frames", "bytes")} == {
            key: value for key, value in report.to_pairs().items() if key in ("stamp_ns", "frames", "bytes")
        }
        if dropped:
            drops.append(dropped)
            continue
        made = restorer.restore(received)
        bench.wait(lambda shown=shown: len(facts) == len(pictures) > shown, "the picture")
        np.testing.assert_array_equal(image_to_array(pictures[-1]), made.picture)
        assert nanoseconds(pictures[-1].header.stamp) == stamp_ns
        expected = facts_of(made, received, None, consistency=True, recovering=ground.recovering)
        said = pairs_of(facts[-1])
        assert said == expected.to_pairs()
    restorer.close()
    assert drops == ["duplicate", "recovering", "recovering", "recovering"]
    for reason in set(drops):
        bench.wait(
            lambda reason=reason: bench.count("ground_station", f"dropped.{reason}") == drops.count(reason),
            reason,
        )
