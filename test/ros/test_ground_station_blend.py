"""The slider of the ground station over real DDS, while frames flow."""

import itertools
import time
from functools import partial

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticArray
from model_pairs import BACKEND, PSNR, give_card, make_pair
from rcl_interfaces.srv import SetParameters
from rclpy.parameter import Parameter
from ros_messages import compressed_message
from sensor_msgs.msg import CompressedImage, Image

from edgesr_ros.errors import InputError
from edgesr_ros.frames.message import image_to_array
from edgesr_ros.nodes.messages import nanoseconds, pairs_of
from edgesr_ros.upscaling.blend import find_pair
from edgesr_ros.upscaling.blending import BlendingUpscaler
from edgesr_ros.upscaling.card import read_card
from edgesr_ros.upscaling.catalog import load_upscaler


class Stream:
    """Frames into the ground station, one at a time: the next when the picture of the last has come."""

    def __init__(self, bench, picture):
        self._bench = bench
        self.rgb = np.ascontiguousarray(picture[:12, :16])
        self.shown = bench.collect(Image, "image_sr")
        self._facts = bench.collect(DiagnosticArray, "image_sr/facts")
        self._link = bench.publisher(CompressedImage, "image_lr/compressed")
        self._stamps = itertools.count(1)
        self._parameters = bench.node.create_client(SetParameters, "/ground_station/set_parameters")
        bench.wait(self._parameters.service_is_ready, "the parameter service")

    def frame(self):
        """Send one frame and wait for its picture and facts: a lost one fails the test."""
        stamp = next(self._stamps)
        self._link.publish(compressed_message(self.rgb, stamp, (64, 48)))
        for messages in (self.shown, self._facts):
            self._bench.wait(lambda newest=messages: len(newest) == stamp, f"frame {stamp}")
            assert nanoseconds(messages[-1].header.stamp) == stamp

    def set(self, **values):
        """Set parameters while frames flow; the service's answer."""
        request = SetParameters.Request()
        request.parameters = [Parameter(k, value=v).to_parameter_msg() for k, v in values.items()]
        answer = self._parameters.call_async(request)
        while not answer.done():
            self.frame()
        return answer.result().results[0]

    def until(self, alpha):
        """Let frames flow until one is made with α, and return its picture."""
        deadline = time.monotonic() + 30
        while not self._facts or float(pairs_of(self._facts[-1])["interpolation"]) != alpha:
            self.frame()
            assert time.monotonic() < deadline, f"no picture at {alpha}\n{self._bench.said()}"
        return image_to_array(self.shown[-1])

    def pictures(self):
        """(α, method, picture) of each frame so far."""
        for facts, message in zip(map(pairs_of, self._facts), self.shown, strict=True):
            yield float(facts["interpolation"]), facts["method"], image_to_array(message)


@pytest.fixture
def pair(tmp_path):
    return make_pair(tmp_path)


@pytest.fixture
def at(pair):
    """The picture that the pair makes of another at α."""

    def at(alpha, rgb):
        find = partial(find_pair, str(pair[0]))
        upscaler = BlendingUpscaler(load_upscaler(str(pair[0])), find, 2, alpha)
        try:
            return upscaler.upscale(rgb)
        finally:
            upscaler.close()

    return at


@pytest.fixture
def stream(bench, picture, pair):
    bench.start("ground_station", model=pair[0], backend=BACKEND, overlay=False, deadline=20.0)
    return Stream(bench, picture)


def test_the_slider_moves_while_frames_flow(bench, stream, pair, at):
    slider = (0.0, 1.0, 0.5, 0.0)
    for alpha in slider:
        assert stream.set(interpolation=alpha).successful
        stream.until(alpha)
        stream.frame()
    expected = {alpha: at(alpha, stream.rgb) for alpha in slider}
    np.testing.assert_array_equal(expected[0.0], load_upscaler(str(pair[0])).upscale(stream.rgb))
    np.testing.assert_array_equal(expected[1.0], load_upscaler(str(pair[1])).upscale(stream.rgb))
    assert len({picture.tobytes() for picture in expected.values()}) == 3
    used = []
    for alpha, method, picture in stream.pictures():
        assert method == "sr"
        np.testing.assert_array_equal(picture, expected[alpha])
        used.append(alpha)
    assert [alpha for alpha, _ in itertools.groupby(used)] == list(slider)
    bench.wait(lambda: bench.count("ground_station", "frames_out") == len(used), "the counts")
    assert bench.dropped("ground_station") == 0
    assert bench.diagnosed("ground_station")["interpolation"] == "0"
    assert "Traceback" not in bench.said()


def test_of_a_slider_that_is_dragged_the_last_place_counts(stream, at):
    for alpha in np.linspace(0.1, 0.9, 9):
        assert stream.set(interpolation=float(alpha)).successful
    np.testing.assert_array_equal(stream.until(0.9), at(0.9, stream.rgb))


def test_a_wrong_place_is_refused_in_one_line(stream, at):
    for value in (1.5, -0.1, float("nan"), "much"):
        answer = stream.set(interpolation=value)
        assert not answer.successful
        assert "interpolation" in answer.reason
        assert "\n" not in answer.reason
    np.testing.assert_array_equal(stream.until(0.0), at(0.0, stream.rgb))


def test_a_model_without_sibling_stays_where_it_is(bench, picture):
    bench.start("ground_station", model=PSNR, backend=BACKEND, overlay=False, deadline=20.0)
    stream = Stream(bench, picture)
    answer = stream.set(interpolation=0.5)
    assert not answer.successful
    assert f"interpolation: {PSNR}.onnx: no pixel-trained sibling is known" in answer.reason
    assert "\n" not in answer.reason
    assert stream.set(interpolation=0.0).successful
    np.testing.assert_array_equal(stream.until(0.0), load_upscaler(PSNR).upscale(stream.rgb))


def test_starts_where_the_slider_is(bench, picture, pair):
    other = pair[1].parent / "elsewhere"
    other.mkdir()
    sibling = make_pair(other)[1]
    pair[1].unlink()
    bench.start(
        "ground_station",
        model=pair[0],
        backend=BACKEND,
        fidelity_model=sibling,
        interpolation=1,
        overlay=False,
        deadline=20.0,
    )
    stream = Stream(bench, picture)
    stream.frame()
    ((alpha, method, shown),) = stream.pictures()
    assert (alpha, method) == (1.0, "sr")
    np.testing.assert_array_equal(shown, load_upscaler(str(sibling)).upscale(stream.rgb))


def test_a_build_that_fails_is_told_and_the_old_weights_go_on(bench, stream, pair, at):
    card = read_card(pair[1])
    pair[1].write_bytes(pair[1].read_bytes()[:1000])
    give_card(pair[1], card)  # so that the file is not refused before its weights are read
    assert stream.set(interpolation=0.5).successful
    bench.wait(lambda: stream.frame() or f"{PSNR}.onnx: not an ONNX model" in bench.said(), "the line")
    np.testing.assert_array_equal(stream.until(0.0), at(0.0, stream.rgb))
    assert bench.said().count("not an ONNX model") == 1


def test_a_start_that_leads_nowhere_is_one_clear_line(bench):
    bench.start("ground_station", model=PSNR, interpolation=0.5)
    deadline = time.monotonic() + 30
    with pytest.raises(InputError, match=f"interpolation: {PSNR}.onnx: no pixel-trained sibling"):
        while time.monotonic() < deadline and not bench.processes.ended("ground_station"):
            time.sleep(0.1)
    assert "Traceback" not in bench.said()
    assert bench.processes.status("ground_station") == 2
