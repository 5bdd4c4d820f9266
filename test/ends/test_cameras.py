import pytest

from edgesr_ros.ends.camera_names import names_of, weights_of
from edgesr_ros.errors import InputError


def test_names_and_weights_are_texts():
    assert names_of("") == ("",)
    assert names_of("front, rear,arm_2") == ("front", "rear", "arm_2")
    weights = weights_of(("front", "rear", "arm"), " rear=2 ,arm=0.5", "rear")
    assert weights == {"front": 1.0, "rear": 8.0, "arm": 0.5}


@pytest.mark.parametrize("text", ["front,", "front,front", "a/b", "9", "a,b,c,d,e,f,g,h,i"])
def test_other_names_are_refused(text):
    with pytest.raises(InputError, match=r"cameras: expected"):
        names_of(text)


@pytest.mark.parametrize("weights", ["front", "left=1", "front=0", "front=inf", "front=many", "=1"])
def test_other_weights_are_refused(weights):
    with pytest.raises(InputError, match=r"weights: expected camera=number, above 0, of front, rear, got"):
        weights_of(("front", "rear"), weights, "")


def test_focus_is_on_a_camera_that_is_there():
    with pytest.raises(InputError, match=r"focus: expected one of front, rear or nothing, got 'left'"):
        weights_of(("front", "rear"), "", "left")
    with pytest.raises(InputError, match=r"cameras, of which none are named"):
        weights_of(("",), "", "left")
