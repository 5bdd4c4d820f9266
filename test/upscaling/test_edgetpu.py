import shutil
import subprocess

import numpy as np
import pytest

from edgesr_ros.errors import InputError
from edgesr_ros.upscaling.card import read_card
from edgesr_ros.upscaling.edgetpu import EdgeTpuUpscaler, edgetpu_problems

pytest.importorskip("ai_edge_litert", reason="needs ai-edge-litert")

# What libedgetpu offers to the runtime. With DEVICE, a delegate that takes no operator, so that the model
# runs on the CPU: it shows how the delegate is used, not what the device computes.
LIBRARY = r"""
#include <stddef.h>
#include <stdint.h>
typedef struct Delegate {
  void *data;
  int (*prepare)(void *, struct Delegate *);
  void *copy_from, *copy_to, *free_handle;
  int64_t flags;
  void *builder;
} Delegate;
static int prepare(void *context, Delegate *delegate) { return 0; }
static Delegate delegate = {.prepare = prepare};
void *tflite_plugin_create_delegate(char **keys, char **values, size_t n, void (*report)(const char *)) {
#ifdef DEVICE
  return &delegate;
#else
  report("no device");
  return 0;
#endif
}
void tflite_plugin_destroy_delegate(void *delegate) {}
"""


@pytest.fixture
def build_library(tmp_path):
    compiler = shutil.which("cc") or pytest.skip("needs a C compiler for a stand-in of libedgetpu")

    def build(*flags):
        source, library = tmp_path / "edgetpu.c", tmp_path / "libedgetpu_stand_in.so"
        source.write_text(LIBRARY)
        subprocess.run([compiler, "-shared", "-fPIC", *flags, "-o", library, source], check=True)
        return str(library)

    return build


def test_missing_library_is_the_only_problem_of_a_compiled_model(make_tflite):
    (problem,) = edgetpu_problems(make_tflite("compiled"), "libedgetpu_missing.so.1")
    assert problem.startswith("libedgetpu_missing.so.1: not found")


def test_missing_library_prints_nothing(make_tflite, capfd):
    edgetpu_problems(make_tflite("compiled"), "libedgetpu_missing.so.1")
    assert "Traceback" not in capfd.readouterr().err


def test_library_without_device(make_tflite, build_library):
    (problem,) = edgetpu_problems(make_tflite("compiled"), build_library())
    assert "finds no device" in problem


def test_model_in_float(make_tflite, build_library):
    (problem,) = edgetpu_problems(make_tflite("float32"), build_library("-DDEVICE"))
    assert "not for the Edge TPU: TRANSPOSE_CONV: FLOAT32 tensor, expected INT8" in problem


def test_model_that_was_not_compiled(make_tflite, build_library):
    (problem,) = edgetpu_problems(make_tflite("int8"), build_library("-DDEVICE"))
    assert "not compiled for the Edge TPU" in problem


def test_all_problems_are_one_line(make_tflite):
    path = make_tflite("float32")
    with pytest.raises(InputError, match=r"backend edgetpu: .*not found.*; .*FLOAT32 tensor") as error:
        EdgeTpuUpscaler(path, read_card(path), 1, "libedgetpu_missing.so.1")
    assert "\n" not in str(error.value)


def test_runs_with_the_delegate_at_the_models_own_size_only(make_tflite, build_library):
    path, library = make_tflite("compiled"), build_library("-DDEVICE")
    assert edgetpu_problems(path, library) == []
    upscaler = EdgeTpuUpscaler(path, read_card(path), 1, library)
    rgb = np.random.default_rng(1).integers(0, 256, (5, 6, 3), np.uint8)
    expected = (np.tanh(4 / 255 * rgb.repeat(2, 0).repeat(2, 1).astype(float) - 2) + 1) * 127.5
    assert np.abs(upscaler.upscale(rgb) - expected).max() <= 2
    with pytest.raises(InputError, match=r"expected 6x5 pixels.*got 5x6"):
        upscaler.upscale(rgb.transpose(1, 0, 2))
