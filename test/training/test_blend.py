import pytest

torch = pytest.importorskip("torch", reason="the networks are torch modules: requirements/train.txt")

from edgesr_ros.errors import InputError  # noqa: E402
from edgesr_ros.networks.edgesrgan import EdgeSRGANSpec  # noqa: E402
from edgesr_ros.training.steps.blend import blend  # noqa: E402


def weights(seed, features=8):
    torch.manual_seed(seed)
    return EdgeSRGANSpec(blocks=1, features=features, scale=2).build().state_dict()


def test_the_ends_are_the_two_networks():
    a, b = weights(0), weights(1)
    for alpha, expected in ((1.0, a), (0.0, b)):
        mixed = blend(a, b, alpha)
        assert mixed.keys() == expected.keys()
        assert all(torch.equal(mixed[key], expected[key]) for key in expected)


def test_alpha_is_the_share_of_the_first():
    a, b = weights(0), weights(1)
    mixed = blend(a, b, 0.25)
    for key in a:
        torch.testing.assert_close(mixed[key], 0.25 * a[key] + 0.75 * b[key])


@pytest.mark.parametrize("alpha", [-0.01, 1.01, float("nan")])
def test_alpha_out_of_range(alpha):
    with pytest.raises(InputError, match=r"alpha: expected 0 to 1, got"):
        blend(weights(0), weights(1), alpha)


def test_networks_of_other_layers_or_widths():
    a, b = weights(0), weights(1)
    with pytest.raises(InputError, match=r"head\.0\.\w+ is \(8.*\) in one, \(4.*\) in the other"):
        blend(a, weights(1, features=4), 0.5)
    del b["trunk.bias"]
    with pytest.raises(InputError, match=r"only one of the two has trunk\.bias"):
        blend(a, b, 0.5)
