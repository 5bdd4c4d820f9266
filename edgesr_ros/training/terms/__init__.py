"""The terms of the loss, a file each: what a recipe may say of it, and the term.

A new file needs no entry here: every kind of `TermRecipe` in this folder can stand in a recipe, by its tag.
"""

from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING, TypeAlias, Union

from edgesr_ros.training.terms.term import Batch, Frozen, Opponent, Setting, Term, TermRecipe

__all__ = ["AnyTerm", "Batch", "Frozen", "Opponent", "Setting", "Term", "TermRecipe"]


def _leaves(base: type[TermRecipe]) -> list[type[TermRecipe]]:
    """The classes below a base of which there are none further: those that a recipe can name."""
    return [leaf for one in base.__subclasses__() for leaf in _leaves(one) or [one]]


for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")

if TYPE_CHECKING:
    AnyTerm: TypeAlias = TermRecipe
else:
    AnyTerm = Union[tuple(_leaves(TermRecipe))]  # noqa: UP007 - not known before
