from edgesr_ros.codecs.av1_anchors import Anchors


def test_only_what_was_acknowledged_is_used():
    anchors = Anchors(3)
    anchors.add(10)
    assert anchors.usable(12) is None
    anchors.acknowledge(9)
    assert anchors.usable(12) is None
    anchors.acknowledge(10)
    assert anchors.usable(12) == 10


def test_an_older_acknowledgement_changes_nothing():
    anchors = Anchors(3)
    for number in (10, 20):
        anchors.add(number)
    anchors.acknowledge(20)
    anchors.acknowledge(10)
    assert anchors.usable(21) == 20


def test_the_acknowledged_one_never_makes_room():
    anchors = Anchors(3)
    for number in (1, 2, 3):
        assert anchors.make_room() is None
        anchors.add(number)
    anchors.acknowledge(1)
    found = []
    for number in range(4, 8):
        found.append(anchors.make_room())
        anchors.add(number)
    assert found == [2, 3, 4, 5]
    assert anchors.usable(8) == 1
    anchors.acknowledge(7)
    assert anchors.make_room() == 1


def test_too_old_ones_are_not_used_also_where_numbers_begin_again():
    anchors = Anchors(3)
    anchors.add(65_500)
    anchors.acknowledge(65_500)
    assert anchors.usable((65_500 + 255) % 65_536) == 65_500
    assert anchors.usable((65_500 + 256) % 65_536) is None
    anchors.clear()
    assert anchors.usable(65_501) is None
