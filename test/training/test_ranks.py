"""Two processes train as one does."""

import subprocess
import sys

import pytest

torch = pytest.importorskip("torch", reason="training needs PyTorch: requirements/train.txt")
pytest.importorskip("safetensors", reason="checkpoints are safetensors: requirements/train.txt")
pytest.importorskip("tensorboard", reason="training logs for TensorBoard: requirements/train.txt")

import yaml  # noqa: E402
from safetensors.torch import load_file  # noqa: E402

RECIPE = {
    "network": "edgesrgan_tiny",
    "scale": 2,
    "patches": {"size": 16, "stride": 16, "validation_every": 3},
    "steps": [
        {
            "step": "train",
            "schedule": [{"steps": 6, "learning_rate": 0.001}],
            "terms": [
                {"term": "pixels"},
                {"term": "adversarial", "discriminator": "patch", "weight": 0.01},
            ],
            "warmup_steps": 2,
            "batch": 4,
            "bf16": False,
            "validate_every": 3,
        }
    ],
}


def test_two_processes_come_to_the_weights_of_one(tmp_path, photographs):
    recipe = tmp_path / "mine.yaml"
    recipe.write_text(yaml.safe_dump(RECIPE))
    command = ["-m", "edgesr_ros.cli.main", "train", str(recipe), "--threads", "1"]
    command += ["--data", str(photographs((32, 40), (40, 40), (48, 36), (40, 32)))]
    torchrun = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    weights = []
    for name, launcher in (("one", []), ("two", torchrun)):
        work = tmp_path / name
        result = subprocess.run(
            [sys.executable, *launcher, *command, "--work", str(work)],
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert result.returncode == 0, result.stderr
        assert result.stdout.count("best validation psnr_y") == 1  # only the first process talks
        weights.append(load_file(work / "mine" / "best.safetensors"))
    for key, value in weights[0].items():
        torch.testing.assert_close(weights[1][key], value, rtol=1e-3, atol=1e-5)
