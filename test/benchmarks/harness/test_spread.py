from benchmarks.harness.spread import Spread, spread


def test_spread() -> None:
    assert spread([float(value) for value in range(101)]) == Spread(p50=50.0, p95=95.0)
