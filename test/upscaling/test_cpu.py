import platform

import pytest

from edgesr_ros.upscaling import cpu


@pytest.mark.parametrize(
    ("machine", "cpu_facts", "overflows"),
    [
        ("x86_64", "flags\t\t: fpu avx2 avx512_vnni amx_int8\n", False),
        ("x86_64", "processor\t: 0\nflags\t\t: fpu avx2 avx_vnni\n", False),
        ("x86_64", "flags\t\t: fpu avx2 avx512f\nvmx flags\t: avx_vnni\n", True),
        ("AMD64", None, True),  # no Linux: nothing is known
        ("aarch64", None, False),
    ],
)
def test_products_may_overflow_on_x86_without_vnni(monkeypatch, tmp_path, machine, cpu_facts, overflows):
    monkeypatch.setattr(platform, "machine", lambda: machine)
    monkeypatch.setattr(cpu, "_FACTS", tmp_path / "cpuinfo")
    if cpu_facts is not None:
        (tmp_path / "cpuinfo").write_text(cpu_facts)
    assert cpu.products_may_overflow.__wrapped__() is overflows


def test_name_of_the_cpu(monkeypatch, tmp_path):
    monkeypatch.setattr(cpu, "_FACTS", tmp_path / "cpuinfo")
    assert cpu.cpu_name.__wrapped__() == platform.machine()
    (tmp_path / "cpuinfo").write_text("processor : 0\nmodel name\t: Some CPU @ 1 GHz \nflags : fpu\n")
    assert cpu.cpu_name.__wrapped__() == "Some CPU @ 1 GHz"
