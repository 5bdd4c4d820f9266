from edgesr_ros.operator.minute import Minute, camera_row, link_row


def test_a_minute_has_the_last_sixty_seconds():
    minute = Minute()
    for second in range(100):
        minute.add({"front": (float(second),)})
    rows = minute.rows()["front"]
    assert (len(rows), rows[0], rows[-1]) == (60, (40.0,), (99.0,))


def test_a_second_in_which_nothing_was_heard_is_a_gap_and_a_minute_of_them_the_end():
    minute = Minute()
    minute.add({"robot": (1.0,)})
    minute.add({})
    assert minute.rows() == {"robot": [(1.0,), ()]}
    for _ in range(59):
        minute.add({})
    assert minute.rows() == {}


def test_a_second_of_pictures():
    assert camera_row([(80.0, 1000), (None, 500), (90.0, 500)]) == (3, 16.0, 85.0)
    assert camera_row([]) == (0, 0.0, None)


def test_a_second_of_a_link_in_the_units_of_people():
    figures = {"capacity_bytes_per_s": "125000", "rate_bytes_per_s": "100000.4", "loss": "0.0123"}
    assert link_row(figures) == (1000.0, 800.0, 1.2, None)
    assert link_row({"round_trip": "0.1204", "loss": "inf", "rate_bytes_per_s": "much"}) == (
        None,
        None,
        None,
        120.4,
    )
    assert link_row({"loss": "nan"}) == (None, None, None, None)
