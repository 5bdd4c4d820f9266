"""Files of weights that carry what they are: safetensors whose metadata build the network again."""

from pathlib import Path

import msgspec
import torch
from msgspec import field
from msgspec.structs import replace
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file

from edgesr_ros.errors import InputError
from edgesr_ros.networks import NETWORKS, AnySpec, Network, Spec, name_of
from edgesr_ros.networks.spec import Calibration
from edgesr_ros.schema import Struct, convert

BEST = "best.safetensors"  # what each step of a recipe leaves in its folder
_KEY = "edgesr_ros"  # of the metadata

# Licences of weights that nobody gave one.
UNKNOWN = "not known"
NOT_STATED = "none stated by the authors"


class Origin(Struct):
    """Where weights come from that were imported."""

    name: str  # that they got
    file: str  # without its folder
    sha256: str  # of it
    whose: str  # they are, in words
    training_data: str  # likewise
    licence: str
    recipe: str | None = None  # that made them, as their card says; null: nobody says it

    @property
    def limits(self) -> str:
        """For a card: what may not be done with them."""
        unknown = self.licence in (UNKNOWN, NOT_STATED)
        return "Without a known licence, not to be passed on." if unknown else ""


class Facts(Struct):
    """What a file of weights says of itself."""

    spec: AnySpec  # what network they are of, and at which scale
    recipe: str  # that made them
    degradation: str  # that they were trained for, one of `training.degradation.DEGRADATIONS`
    steps: int  # of training
    seed: int = 0  # of the recipe
    mixed: tuple[str, ...] = ()  # what was blended into them, in words
    # What they were made from: path below WORK → sha256 of the file.
    parents: dict[str, str] = field(default_factory=dict)
    origin: Origin | None = None  # of what they began with; null: they are ours from the first step
    calibration: Calibration | None = None  # that they were trained for; null: export finds one

    @property
    def made_by(self) -> str:
        """For a card: what made them."""
        if not self.origin:
            return ", ".join((f"{self.recipe}.yaml", *self.mixed))
        imported = f"imported from {self.origin.file} (sha256 {self.origin.sha256})"
        if self.recipe == self.origin.name:
            first = (self.origin.recipe,) if self.origin.recipe else ()
            return ", ".join((*first, imported, *self.mixed))
        return ", ".join((f"{self.recipe}.yaml", *self.mixed, f"begun with weights {imported}"))

    def licence(self, own: str) -> str:
        """Of the weights: `own`, if no part of them is others'."""
        return self.origin.licence if self.origin else own


def save_network(path: Path, network: Network, facts: Facts) -> None:
    """Write a network's weights and what they are."""
    said = replace(facts, spec=network.spec, calibration=network.calibration)
    save_tensors(path, network.state_dict(), {_KEY: msgspec.json.encode(said).decode()})


def load_network(path: Path, spec: Spec | None = None) -> Network:
    """The network in a file of weights, for inference.

    Args:
        path: of a safetensors file.
        spec: what it must be; needed for files of older versions, which do not say what they are.

    Raises:
        InputError: no such file, not safetensors, weights of another network, or of an unknown one.
    """
    facts = read_facts(path)
    if facts and spec and facts.spec != spec:
        raise InputError(f"{path}: not weights of {_in_words(spec)}, but of {_in_words(facts.spec)}")
    spec = facts.spec if facts else spec
    if spec is None:
        if not path.is_file():
            raise InputError(f"{path}: no such file")
        raise InputError(
            f"{path}: does not say what network it is of, as older files do not; name its recipe"
        )
    network = spec.build()
    try:
        network.load_state_dict(load_file(path))
    except (OSError, SafetensorError, RuntimeError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"{path}: not weights of {_in_words(spec)} ({reason})") from None
    network.calibration = facts.calibration if facts else None
    return network.eval().requires_grad_(False)


def read_facts(path: Path) -> Facts | None:
    """What a file says of itself; None: nothing, or there is no such file.

    Raises:
        InputError: it says something that we do not understand.
    """
    try:
        with safe_open(path, "pt") as file:
            said = (file.metadata() or {}).get(_KEY)
    except (OSError, SafetensorError):
        return None
    if said is None:
        return None
    try:
        return convert(msgspec.json.decode(said), Facts, f"{path}: what it says of itself")
    except msgspec.DecodeError as error:
        raise InputError(f"{path}: what it says of itself is not JSON ({error})") from None


def trained(work: Path, name: str) -> Path:
    """The weights that a step of a recipe made.

    Args:
        work: folder of all recipes' results.
        name: `<recipe>` for those of its first step, `<recipe>/<folder>` for those of a later one.

    Raises:
        InputError: there are none yet.
    """
    path = work / name / BEST
    if not path.is_file():
        recipe = name.partition("/")[0]
        raise InputError(f"{path}: no trained weights; run `edgesr train {recipe}` first")
    return path


def save_tensors(
    path: Path, tensors: dict[str, torch.Tensor], metadata: dict[str, str] | None = None
) -> None:
    """Write a safetensors file that appears whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".part")
    save_file({key: value.detach().cpu().contiguous() for key, value in tensors.items()}, partial, metadata)
    partial.replace(path)


def _in_words(spec: Spec) -> str:
    name = name_of(spec)
    usual = NETWORKS.get(name)
    own = "" if usual and replace(usual, scale=spec.scale) == spec else " with a cell or widths of its own"
    return f"{name} at scale {spec.scale}{own}"
