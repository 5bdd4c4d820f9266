"""Reading a search's recipe, of whichever kind it is."""

from pathlib import Path

from edgesr_ros.schema import read_yaml
from edgesr_ros.training.search.discriminator import DiscriminatorSearch
from edgesr_ros.training.search.generator import GeneratorSearch
from edgesr_ros.training.search.recipe import Search

AnySearch = GeneratorSearch | DiscriminatorSearch


def read_search(path: Path) -> Search:
    """The search in a YAML file.

    Raises:
        InputError: no such file, or a key that is unknown, missing or out of range.
    """
    return read_yaml(path, AnySearch)  # type: ignore[arg-type]  # a union of classes
