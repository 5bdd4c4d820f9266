import pytest

from edgesr_ros.ladder.settings import QUALITIES, SCALES, names_of, networks_of


@pytest.fixture(scope="module")
def shipped():
    return networks_of("edgesrgan_tiny", threads=1)


def test_each_scale_has_the_best_network_that_is_shipped(shipped):
    assert tuple(shipped) == SCALES
    assert shipped[1] is None
    assert names_of(shipped) == {
        "x2": "edgesrgan_tiny_x2_link",
        "x4": "edgesrgan_tiny_x4_link",
        "x8": "edgesrgan_tiny_x8",
    }
    assert all(network.scale == scale for scale, network in shipped.items() if network)


def test_bicubic_stands_in_for_a_family_that_is_not_shipped():
    assert names_of(networks_of("no_such_family", threads=1)) == {
        "x2": "bicubic_x2",
        "x4": "bicubic_x4",
        "x8": "bicubic_x8",
    }


def test_qualities_rise_to_what_the_codecs_allow():
    for qualities in QUALITIES.values():
        assert list(qualities) == sorted(set(qualities))
        assert 1 <= qualities[0] <= qualities[-1] <= 100
