"""The age of pictures over real DDS: right where the clocks differ, and not told where it is not known."""

import itertools
import time

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticArray
from ros_messages import compressed_message, image_message
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import CompressedImage, Image, TimeReference
from std_msgs.msg import Float32

from edgesr_ros.control.arrivals import ArrivalLog
from edgesr_ros.control.report import ArrivalReport
from edgesr_ros.frames.message import image_to_array
from edgesr_ros.nodes.messages import nanoseconds, pairs_of, to_time, with_pairs
from edgesr_ros.nodes.node import COMPRESSED

S = 1_000_000_000  # ns
ENOUGH = 20  # pictures from the first of known age on
CAMERA = 300_000_000  # ns from the camera's stamp to the sending


class Robot:
    """Sends frames to the ground station, and answers its reports, by a clock of its own."""

    def __init__(self, bench, picture, ahead_s):
        self._bench, self._ahead = bench, round(ahead_s * S)
        self._small = np.ascontiguousarray(picture[:12, :16])
        self.shown = bench.collect(Image, "image_sr")
        self.ages = bench.collect(Float32, "age")
        self.facts: list[tuple[int, DiagnosticArray]] = []  # with the time of arrival by the robot's clock
        bench.node.create_subscription(
            DiagnosticArray,
            "image_sr/facts",
            lambda facts: self.facts.append((self.clock(), facts)),
            COMPRESSED,
        )
        self.reports = bench.collect(DiagnosticArray, "link_report")
        self._link = bench.publisher(CompressedImage, "image_lr/compressed")
        self._reference = bench.publisher(TimeReference, "image_lr/time_reference")

    def clock(self):
        return time.time_ns() + self._ahead

    def frame(self):
        """Send a frame; what is said of its picture, and the earliest and latest true age in s."""
        sent = self.clock()
        said, told = len(self.facts), len(self.reports)
        self._link.publish(compressed_message(self._small, sent - CAMERA, (64, 48)))
        self._bench.wait(lambda: len(self.facts) > said, "the facts of the picture")
        self._bench.wait(lambda: len(self.reports) > told, "its report, which is another topic")
        heard, facts = self.facts[-1]
        assert nanoseconds(facts.header.stamp) == sent - CAMERA
        return pairs_of(facts), CAMERA / S, (heard - sent + CAMERA) / S

    def answer(self):
        """Say what our clock shows, to the newest report."""
        self._bench.wait(lambda: self.reports, "a report")
        report = ArrivalReport.from_pairs(pairs_of(self.reports[-1]))
        message = TimeReference(source="robot", time_ref=to_time(report.arrival_ns))
        message.header.stamp = to_time(self.clock())
        self._reference.publish(message)

    def frame_after_answer(self):
        """As `frame`, once an answer counts: a frame can overtake it, and a report too."""
        for _ in range(100):
            self.answer()
            if (said := self.frame())[0]["age_ms"] != "unknown":
                return said
            self._bench.spin(0.1)
        raise AssertionError(f"the age stays unknown\n{self._bench.said()}")


def right(facts, youngest, oldest):
    """The age and its uncertainty in s, which hold what is true."""
    age, uncertainty = (float(facts[key]) / 1000 for key in ("age_ms", "age_uncertainty_ms"))
    assert youngest - uncertainty - 1e-3 <= age <= oldest + uncertainty + 1e-3
    return age, uncertainty


@pytest.mark.parametrize("ahead_s", [-100.0, 0.0, 100.0])
def test_the_age_is_right_whatever_the_clocks_show(bench, picture, ahead_s):
    bench.start("ground_station", model="bicubic", overlay=False)
    robot = Robot(bench, picture, ahead_s)
    began = robot.clock()
    facts, *_ = robot.frame()
    assert facts["age_ms"] == "unknown"
    assert "age_uncertainty_ms" not in facts
    bench.wait(lambda: robot.reports, "the report")
    assert not robot.ages
    for _ in range(5):
        age, uncertainty = right(*robot.frame_after_answer())
        assert age - uncertainty >= -1e-3
        assert uncertainty < (robot.clock() - began + CAMERA) / S  # there and back, and what was before
    bench.wait(lambda: len(robot.ages) == 5, "the ages")
    assert robot.ages[-1].data == pytest.approx(age, abs=1e-3)


def test_the_overlay_shows_the_age_only_when_it_is_known(bench, picture):
    bench.start("ground_station", model="bicubic", overlay=True, stale_after=60.0)
    robot = Robot(bench, picture, 100.0)

    def words():
        before = len(robot.shown)
        robot.frame()
        bench.wait(lambda: len(robot.shown) > before, "the picture")
        return image_to_array(robot.shown[-1])

    unknown = words()
    np.testing.assert_array_equal(words(), unknown)
    robot.frame_after_answer()
    assert (words() != unknown).any()


def test_a_clock_that_is_set_back_is_noticed(bench, picture):
    bench.start("ground_station", model="bicubic", overlay=False)
    robot = Robot(bench, picture, 0.0)
    robot.frame()
    robot.frame_after_answer()
    robot._ahead -= 1000 * S
    assert robot.frame()[0]["age_ms"] == "unknown"
    right(*robot.frame_after_answer())


def test_in_simulated_time_the_age_is_by_the_clock_of_all(bench, picture):
    bench.start("ground_station", model="bicubic", overlay=False, use_sim_time=True)
    facts = bench.collect(DiagnosticArray, "image_sr/facts")
    ages = bench.collect(Float32, "age")
    clock = bench.publisher(Clock, "/clock")
    link = bench.publisher(CompressedImage, "image_lr/compressed")
    small = np.ascontiguousarray(picture[:12, :16])

    def said(stamp):
        before = len(facts)
        link.publish(compressed_message(small, stamp, (64, 48)))
        bench.wait(lambda: len(facts) > before, "the facts")
        return pairs_of(facts[-1])["age_ms"]

    assert said(500 * S) == "unknown"  # no tick yet
    for number in range(100):
        clock.publish(Clock(clock=to_time(1000 * S)))
        if (age := said(999 * S + S // 2 + number)) != "unknown":
            break
        bench.spin(0.1)  # the frame was there before the tick
    assert age == "500.0"
    assert said(1001 * S) == "unknown"  # overtook the tick
    bench.wait(lambda: ages, "the age")
    assert [age.data for age in ages] == pytest.approx([0.5])


class Ground:
    """Reports each frame of the onboard node as the ground station does, and hears its time references."""

    def __init__(self, bench):
        self._bench, self._log = bench, ArrivalLog()
        self.references: list[tuple[int, TimeReference]] = []  # with our time of arrival
        self.reported: list[int] = []
        bench.node.create_subscription(
            TimeReference,
            "image_lr/time_reference",
            lambda message: self.references.append((time.time_ns(), message)),
            COMPRESSED,
        )
        bench.node.create_subscription(CompressedImage, "image_lr/compressed", self._report, COMPRESSED)
        self._reports = bench.publisher(DiagnosticArray, "link_report")
        self._camera = bench.publisher(Image, "image_raw")

    def frames(self, picture, seconds, first_stamp=None):
        """Let a camera of 20 Hz run, stamped now or from `first_stamp` on."""
        for number in range(round(20 * seconds)):
            stamp = time.time_ns() if first_stamp is None else first_stamp + number * S // 20
            self._camera.publish(image_message(picture, stamp))
            self._bench.spin(0.05)

    def _report(self, message):
        arrival = time.monotonic_ns()
        self.reported.append(arrival)
        report = self._log.arrived(arrival, nanoseconds(message.header.stamp), len(message.data))
        self._reports.publish(with_pairs(message.header, "link_report", report.to_pairs()))


def test_onboard_answers_a_report_a_second(bench, picture):
    bench.start("onboard")
    ground = Ground(bench)
    began = time.time_ns()
    ground.frames(picture, 3.5)
    bench.wait(lambda: len(ground.references) >= 3, "the references")
    assert len(ground.references) <= 1 + (time.time_ns() - began) // S
    for heard, message in ground.references:
        assert began < nanoseconds(message.header.stamp) <= heard
        assert nanoseconds(message.time_ref) in ground.reported
        assert message.source == "ros_time"


def test_onboard_answers_in_the_time_of_a_recordings_stamps(bench, picture):
    bench.start("onboard")
    ground = Ground(bench)
    ground.frames(picture, 2.5, first_stamp=70 * S)
    bench.wait(lambda: len(ground.references) >= 2, "the references")
    for _, message in ground.references:
        assert 70 * S <= nanoseconds(message.header.stamp) < 80 * S
        assert message.source == "camera_stamps"


@pytest.mark.parametrize("first_stamp", [None, 1_400_000_000 * S])
def test_over_a_whole_link_live_or_recorded(bench, picture, first_stamp, tmp_path):
    profile = tmp_path / "link.yaml"
    profile.write_text("description: t\ncapacity: {steps: [{seconds: 1, kbps: 2000}]}\ndelay_ms: 100\n")
    bench.processes.start("onboard", "/robot")
    bench.processes.start("link_emulator", "/", {"profile": profile})
    bench.processes.start("ground_station", "/ground", {"model": "bicubic", "overlay": False})
    facts = bench.collect(DiagnosticArray, "/ground/image_sr/facts")
    camera = bench.publisher(Image, "/robot/image_raw")
    bench.wait(
        lambda: bench.node.count_subscribers("/ground/image_lr/time_reference"), "the ground's subscriber"
    )

    def is_known(pairs):
        return pairs["age_ms"] != "unknown"

    began, known = time.time_ns(), []
    for _ in range(2):  # a recording starts over once
        zero, before, said = time.time_ns(), len(facts), []

        def played(zero=zero, before=before, said=said):
            stamp = time.time_ns()
            stamp -= 0 if first_stamp is None else zero - first_stamp
            camera.publish(image_message(picture, stamp))
            bench.spin(0.1)
            said[:] = itertools.dropwhile(lambda pairs: not is_known(pairs), map(pairs_of, facts[before:]))
            return len(said) >= ENOUGH

        bench.wait(played, "ages")
        known += filter(is_known, said)
    assert len(known) > ENOUGH  # of twice as many
    for pairs in known:
        age, uncertainty = float(pairs["age_ms"]), float(pairs["age_uncertainty_ms"])
        assert age + uncertainty > 99  # on the way
        assert age - uncertainty < (time.time_ns() - began) / 1e6
    # A round trip takes 200 ms, more on a busy machine; the fastest of each direction counts.
    assert min(float(pairs["age_uncertainty_ms"]) for pairs in known) < 1000
