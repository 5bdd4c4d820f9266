import pytest

from edgesr_ros.errors import InputError
from edgesr_ros.operator.settings import cameras_of


def test_cameras_are_where_their_names_say_and_one_needs_none():
    assert cameras_of("") == cameras_of(" ") == {"camera": ""}
    assert cameras_of("front, rover/rear") == {"front": "front/", "rover/rear": "rover/rear/"}


@pytest.mark.parametrize("text", ["front,,rear", "front rear", "/front", "1st", "fr\u00f6nt", "front/"])
def test_what_is_no_beginning_of_a_topic_is_refused(text):
    with pytest.raises(InputError, match=r"is no name, expected e\.g\. front,rear"):
        cameras_of(text)


def test_a_camera_that_is_there_twice_is_refused():
    with pytest.raises(InputError, match="'front,front' has a name twice"):
        cameras_of("front,front")
