import pytest

pytest.importorskip("rclpy", reason="ROS 2 is not installed: make test installs it")

from benchmarks.harness.chain import out_of_order


def test_pictures_out_of_order_are_those_earlier_than_any_before_them() -> None:
    assert out_of_order([1.0, 2.0, 2.0, 4.0]) == 0
    assert out_of_order([1.0, 4.0, 2.0, 3.0, 5.0]) == 2
