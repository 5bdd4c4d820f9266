from collections.abc import Callable
from typing import Any

import pytest


@pytest.fixture
def generator() -> Callable[..., Any]:
    """Makes a search for small cells, with entries changed."""
    from msgspec.structs import replace

    from edgesr_ros.training.patches import PatchRecipe
    from edgesr_ros.training.search.generator import GeneratorSearch
    from edgesr_ros.training.steps.train import Phase, Train

    def make(**entries: Any) -> GeneratorSearch:
        train = Train(
            schedule=(Phase(steps=8, learning_rate=1e-3, shape="constant"),),
            warmup_steps=1,
            batch=2,
            bf16=False,
            validate_every=2,
        )
        search = GeneratorSearch(
            scale=2,
            nodes=3,
            trials=8,
            rungs=(4,),
            sampler="random",
            train=train,
            patches=PatchRecipe(size=16, stride=16, validation_every=2),
        )
        return replace(search, **entries)

    return make
