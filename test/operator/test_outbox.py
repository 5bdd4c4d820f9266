import json

import pytest

from edgesr_ros.errors import InputError
from edgesr_ros.operator.messages import Frame, Set, read_request
from edgesr_ros.operator.outbox import WINDOW, Outbox


def frame(number, camera="front", compared=False):
    return Frame(camera=camera, id=number, compared=compared, data=f"{camera} {number}".encode())


def taken(outbox):
    return list(iter(outbox.take, None))


def test_a_page_that_shows_nothing_gets_no_more_than_the_window_and_then_the_newest():
    outbox = Outbox()
    sent = []
    for number in range(1, 100):
        outbox.put_frame(frame(number))
        sent += taken(outbox)
    assert sent == [b"front 1", b"front 2"] and len(sent) == WINDOW
    outbox.seen("front", 1)
    assert taken(outbox) == [b"front 99"]


def test_a_page_that_shows_all_gets_all():
    outbox = Outbox()
    for number in range(100):
        outbox.put_frame(frame(number))
        assert taken(outbox) == [f"front {number}".encode()]
        outbox.seen("front", number)


def test_cameras_take_turns():
    outbox = Outbox()
    for number in range(3):
        for camera in ("front", "rear"):
            outbox.put_frame(frame(number, camera))
        assert sorted(taken(outbox)) == [f"{camera} {number}".encode() for camera in ("front", "rear")]
        outbox.seen("front", number)
        outbox.seen("rear", number)
    for number in (3, 4):
        outbox.put_frame(frame(number, "front"))
        outbox.take()
    for camera in ("front", "rear"):
        outbox.put_frame(frame(5, camera))
    assert taken(outbox) == [b"rear 5"]  # of the other two are under way


def test_of_texts_the_newest_of_each_kind_counts_and_they_come_before_pictures():
    outbox = Outbox()
    outbox.put_frame(frame(1))
    for number in range(1000):
        outbox.put_text("minute", f"minute {number}")
        outbox.put_text(f"answer {number}", f"answer {number}")
    sent = taken(outbox)
    assert sent[-1] == b"front 1"
    assert len(sent) < 100
    assert sent[-2] == "answer 999"


def test_a_comparison_gets_nothing_else():
    outbox = Outbox()
    outbox.put_frame(frame(1))
    outbox.compare("front", True)
    assert taken(outbox) == []
    outbox.put_frame(frame(2))
    outbox.put_frame(frame(3, compared=True))
    outbox.put_frame(frame(4))
    outbox.put_frame(frame(5, "rear"))
    assert taken(outbox) == [b"front 3", b"rear 5"]
    outbox.compare("front", False)
    outbox.put_frame(frame(6, compared=True))
    outbox.put_frame(frame(7))
    assert taken(outbox) == [b"front 7"]


def test_a_page_that_nobody_looks_at_gets_no_pictures():
    outbox = Outbox()
    outbox.watch(False)
    outbox.put_frame(frame(1))
    outbox.put_text("minute", "still")
    assert taken(outbox) == ["still"]
    outbox.watch(True)
    outbox.put_frame(frame(2))
    assert taken(outbox) == [b"front 2"]


def test_what_is_shown_of_a_camera_that_is_none_changes_nothing():
    outbox = Outbox()
    for number in range(1000):
        outbox.seen(f"camera {number}", 7)
    outbox.put_frame(frame(1))
    assert taken(outbox) == [b"front 1"]


def test_a_request_is_read_with_its_types():
    request = read_request('{"do": "set", "node": "/onboard", "name": "max_rate", "value": 2.5, "id": 3}')
    assert request == Set(node="/onboard", name="max_rate", value=2.5, id=3)
    assert type(read_request('{"do": "set", "node": "a", "name": "b", "value": true, "id": 3}').value) is bool


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        "null",
        "{" * 5000,
        '{"do": "fly"}',
        '{"do": "seen", "camera": "front"}',
        '{"do": "seen", "camera": "front", "id": 1e999}',
        '{"do": "seen", "camera": "front", "id": "1"}',
        '{"do": "ping", "at": NaN}',
        '{"do": "focus", "camera": "front", "token": "x"}',
        '{"do": "set", "node": "a", "name": "b", "value": [1], "id": 1}',
        json.dumps({"do": "focus", "camera": "x" * 1001}),
        b"\xff\xfe",
    ],
)
def test_what_is_no_request_is_refused(text):
    with pytest.raises(InputError, match="not a message of the page"):
        read_request(text)
