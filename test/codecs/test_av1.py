import numpy as np
import pytest
from packets import shown_by

from edgesr_ros.codecs.av1 import Av1Encoder
from edgesr_ros.codecs.av1_decoder import Av1Decoder
from edgesr_ros.codecs.av1_rate import quality_of, quantizer_of
from edgesr_ros.codecs.machine import Machine
from edgesr_ros.errors import InputError
from edgesr_ros.quality.distortion import psnr

pytestmark = pytest.mark.usefixtures("svt")


pytestmark = pytest.mark.usefixtures("svt")


def packets_of(frames, **settings):
    height, width = frames[0].shape[:2]
    encoder = Av1Encoder(width, height, **(settings or {"frame_bytes": 800}))
    packets = [encoder.encode(frame) for frame in frames]
    encoder.close()
    return packets


def sizes_of(packets):
    return [len(packet) for packet in packets]


def shown(packets, numbers):
    return shown_by(Av1Decoder(), packets, numbers)


@pytest.fixture(scope="module")
def packets(svt, drive):  # noqa: ARG001 (a module cannot have its fixtures by a mark)
    return packets_of(drive)


def test_each_frame_is_one_packet_and_one_picture_of_its_size(drive, packets):
    pictures = shown(packets, range(len(drive)))
    assert len(pictures) == len(drive)
    assert all(pictures[number].shape == frame.shape for number, frame in enumerate(drive))
    assert np.mean([psnr(pictures[number], drive[number]) for number in range(20, 120, 7)]) > 32


@pytest.mark.parametrize(
    "size", [(64, 48), (63, 47), (161, 129), (80, 60), (16, 16), (2, 2), (1, 1), (319, 240)]
)
def test_any_size(drive, size):
    width, height = size
    frames = [np.ascontiguousarray(frame[:height, :width]) for frame in drive[:3]]
    pictures = shown(packets_of(frames, quality=90), range(3))
    for picture, frame in zip(pictures.values(), frames, strict=True):
        assert picture.shape == frame.shape
        assert psnr(picture, frame) > (33 if min(size) > 20 else 29)


def test_colours_keep_their_places():
    frame = np.zeros((64, 96, 3), np.uint8)
    frame[:, :32], frame[:, 32:64], frame[:, 64:] = (250, 10, 20), (20, 240, 30), (10, 30, 250)
    (picture,) = shown(packets_of([frame], quality=95), [0]).values()
    for left, colour in ((8, (250, 10, 20)), (40, (20, 240, 30)), (72, (10, 30, 250))):
        assert np.abs(picture[16:48, left : left + 16].mean(axis=(0, 1)) - colour).max() < 8


def test_grey_frames_come_as_equal_channels(drive):
    grey = [np.ascontiguousarray(frame[:, :, 1]) for frame in drive[:5]]
    for number, picture in shown(packets_of(grey, quality=80), range(5)).items():
        assert np.ptp(picture, axis=2).max() == 0
        assert psnr(picture, np.repeat(grey[number][..., None], 3, axis=2)) > 34


@pytest.mark.parametrize("target", [400, 1200])
def test_a_size_is_kept_and_the_first_packet_is_small(drive, target):
    sizes = sizes_of(packets_of(drive, frame_bytes=target))
    assert 0.75 * target < np.mean(sizes[10:]) < 1.25 * target
    assert np.percentile(sizes[10:], 95) < 3 * target
    assert sizes[0] < 4 * target


@pytest.mark.usefixtures("steered")
def test_the_size_follows_without_a_key_frame(drive):
    encoder, sizes = Av1Encoder(320, 240, frame_bytes=1200), []
    for number, frame in enumerate(drive):
        encoder.set_frame_bytes(1200 if number < 40 or number >= 80 else 300)
        sizes.append(len(encoder.encode(frame)))
    assert encoder.key_frames == 1
    assert 700 < np.mean(sizes[20:40]) < 1500
    assert np.mean(sizes[40:46]) < 1.8 * 300
    assert 200 < np.mean(sizes[46:80]) < 450
    assert np.mean(sizes[81:91]) > 700
    assert 900 < np.mean(sizes[91:]) < 1500


def test_a_size_that_changes_with_every_frame_is_met_in_the_mean(drive):
    rng = np.random.default_rng(4)
    encoder, sizes, targets = Av1Encoder(320, 240, frame_bytes=800), [], []
    for frame in drive:
        targets.append(int(800 * rng.uniform(0.8, 1.25)))
        encoder.set_frame_bytes(targets[-1])
        sizes.append(len(encoder.encode(frame)))
    assert encoder.key_frames == 1
    assert 0.7 < np.mean(sizes[10:]) / np.mean(targets[10:]) < 1.3


def test_quality_costs_bytes_and_is_told(drive):
    sizes = []
    for quality in (10, 50, 85):
        encoder = Av1Encoder(320, 240, quality)
        sizes.append(sum(len(encoder.encode(frame)) for frame in drive[:15]))
        assert abs(encoder.quality - quality) <= 2
    assert sizes[0] < sizes[1] / 2 < sizes[2] / 4


def test_quality_is_the_quantizer_turned_round():
    assert [quantizer_of(quality) for quality in (1, 2, 100)] == [63, 63, 0]
    assert [quality_of(quantizer) for quantizer in (0, 63)] == [100, 2]
    for quantizer in range(64):
        assert quantizer_of(quality_of(quantizer)) == quantizer


def test_the_same_frames_make_the_same_packets(drive, packets):
    assert packets_of(drive)[:30] == packets[:30]


def test_a_slow_machine_takes_less_trouble(drive):
    times = iter(range(10**6))
    machine = Machine(lambda: next(times) * 0.02)
    encoder, decoder = Av1Encoder(320, 240, frame_bytes=800, machine=machine), Av1Decoder()
    for frame in drive:
        decoder.decode(encoder.encode(frame))
    assert encoder.preset == 13


@pytest.mark.usefixtures("steered")
def test_half_the_size_is_coded_with_more_trouble_and_without_a_key_frame(drive):
    encoder, found = Av1Encoder(640, 480, frame_bytes=800), []
    for scale in (1, 2, 2, 1):
        encoder.set_scale(scale)
        encoder.encode(np.ascontiguousarray(drive[0].repeat(2, axis=0).repeat(2, axis=1)))
        found.append(encoder.preset)
    assert found == [9, 7, 7, 9]
    assert encoder.key_frames == 1


@pytest.mark.parametrize("size", [(20_000, 64), (64, 20_000)])
def test_a_size_beyond_the_codec_is_one_line(size):
    with pytest.raises(InputError, match=f"image of {size[0]}x{size[1]} is none that av1 can hold") as caught:
        Av1Encoder(*size, frame_bytes=1000)
    assert "\n" not in str(caught.value)


def test_either_quality_or_size():
    for settings in ({}, {"quality": 30, "frame_bytes": 1000}):
        with pytest.raises(ValueError, match="either quality or frame_bytes"):
            Av1Encoder(64, 48, **settings)
