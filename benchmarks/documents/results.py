"""doc/results.md: every claim with its figures, its goals and the command that repeats it."""

import textwrap
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.claims.blend import CLAIM as BLEND
from benchmarks.claims.cameras import CLAIM as CAMERAS
from benchmarks.claims.chain import CLAIM as CHAIN
from benchmarks.claims.damage.claim import CLAIM as DAMAGE
from benchmarks.claims.encoding import CLAIM as ENCODING
from benchmarks.claims.growth import CLAIM as GROWTH
from benchmarks.claims.hd import CLAIM as HD
from benchmarks.claims.idle import CLAIM as IDLE
from benchmarks.claims.kernel_link import CLAIM as KERNEL_LINK
from benchmarks.claims.link import CLAIM as LINK
from benchmarks.claims.link_networks import CLAIM as LINK_NETWORKS
from benchmarks.claims.operator import CLAIM as OPERATOR
from benchmarks.claims.outage import CLAIM as OUTAGE
from benchmarks.claims.path import CLAIM as PATH
from benchmarks.claims.quality.claim import CLAIM as QUALITY
from benchmarks.claims.rate_quality import CLAIM as RATE_QUALITY
from benchmarks.claims.soak import CLAIM as SOAK
from benchmarks.claims.speed.claim import CLAIM as SPEED
from benchmarks.claims.steps import CLAIM as STEPS
from benchmarks.claims.webrtc import CLAIM as WEBRTC
from benchmarks.harness.claim import Claim
from benchmarks.harness.evidence import RESULTS
from benchmarks.harness.goals import Goal, goals_table

_WIDTH = 118  # of lines of prose
_INTRODUCTION = (
    "What the package claims, as it was measured. This page is written by `make figures` from the files in "
    "`benchmarks/results/`; each claim is a script in `benchmarks/claims/` that you can run yourself, in the "
    "checkout, with the environment that `make demo` makes: `.venv/bin/python -m benchmarks.claims.chain`. "
    "`--quick` tries it in a short time. Milliseconds are those of one machine."
)


class Chapter(NamedTuple):
    """Claims about one subject."""

    title: str
    claims: tuple[Claim[Any, Any], ...]


CHAPTERS = (
    Chapter("Over bad links", (LINK, WEBRTC, KERNEL_LINK, STEPS, OUTAGE)),
    Chapter("What a byte buys", (RATE_QUALITY, LINK_NETWORKS)),
    Chapter("The networks", (QUALITY, BLEND, SPEED)),
    Chapter("Large pictures, and several cameras", (HD, CAMERAS, GROWTH)),
    Chapter("The nodes", (CHAIN, SOAK, DAMAGE, PATH, ENCODING, IDLE, OPERATOR)),
)
CLAIMS = tuple(claim for chapter in CHAPTERS for claim in chapter.claims)


class Verdict(NamedTuple):
    """A goal and what became of it."""

    claim: Claim[Any, Any]
    goal: Goal[Any]
    result: object

    @property
    def met(self) -> bool:
        return self.goal.met(self.result)

    def text(self) -> str:
        """A line of Markdown."""
        return f"{self.goal.name}: {self.goal.found(self.result)}, goal {self.goal.asked()}"


def verdicts(results: Path = RESULTS) -> list[Verdict]:
    """Every goal of every claim.

    Raises:
        InputError: a file of results is missing or is none of ours.
    """
    return [
        Verdict(claim, goal, result)
        for claim in CLAIMS
        for result in [claim.read(results)]
        for goal in claim.goals
    ]


def results_page(results: Path = RESULTS) -> str:
    """The page; errors as `verdicts`."""
    parts = ["# Results", _wrapped(_INTRODUCTION), _goals_said(verdicts(results))]
    for chapter in CHAPTERS:
        parts.append(f"## {chapter.title}")
        parts += [_section(claim, results) for claim in chapter.claims]
    return "\n\n".join(parts) + "\n"


def _goals_said(found: list[Verdict]) -> str:
    """How many goals there are, and which are not met."""
    missed = [verdict for verdict in found if not verdict.met]
    said = f"{len(found) - len(missed)} of {len(found)} goals are met."
    if not missed:
        return said
    lines = [f"- [{one.claim.title}](#{_anchor(one.claim.title)}): {one.text()}" for one in missed]
    return "\n".join((f"{said} Not met:", "", *lines))


def _section(claim: Claim[Any, Any], results: Path) -> str:
    result = claim.read(results)
    parts = [
        f"### {claim.title}",
        _wrapped(claim.about),
        _wrapped(claim.reading),
        claim.table(result),
        *([goals_table(claim.goals, result)] if claim.goals else []),
        f"Measured at `{result.revision}` on {result.machine} by\n\n```\n{result.command}\n```",
    ]
    return "\n\n".join(parts)


def _wrapped(text: str) -> str:
    """Each paragraph in lines of readable length; code is never broken at its hyphens."""
    return "\n\n".join(
        textwrap.fill(paragraph, _WIDTH, break_on_hyphens=False, break_long_words=False)
        for paragraph in text.split("\n\n")
    )


def _anchor(title: str) -> str:
    """What GitHub calls the place of a heading."""
    return "".join(letter for letter in title.lower().replace(" ", "-") if letter.isalnum() or letter in "-_")
