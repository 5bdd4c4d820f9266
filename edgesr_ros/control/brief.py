"""An arrival report in a line: over DDS a value with a name of its own takes as much as five numbers here.

For example `3123456789 93120334455 1234 93 d0 r2 s12 m4 m2/0,2 66123 65878 2:132001`: the frame's number, its
arrival in µs, frames so far and the ms that later arrivals may be held; then, each by its letter, how far
back the newest is that was `d`ecoded, messages `r`epaired, ms until a picture was `s`hown, and what is
`m`issing, a word each. Last come the arrivals before it, newest first: the µs from each to the one after it
and, where its number is not just 1 before that one's, how far before that it is.
"""

from collections.abc import Mapping

from edgesr_ros.control.report import REMEMBERED, Arrival, ArrivalReport, missing_of
from edgesr_ros.errors import InputError

_KEY = "brief"
_LONGEST = 20  # characters of a number
_MICROSECOND = 1000  # ns
# Bytes of a DiagnosticArray over Fast DDS that carries a report: RTPS with its header, INFO_DST, INFO_TS,
# DATA and the statistics that Fast DDS adds; the array without frame_id; each status without its pairs.
_RTPS, _ARRAY, _STATUS = 132, 24, 40


def to_pairs(report: ArrivalReport) -> dict[str, str]:
    """As text for diagnostic_msgs/KeyValue: in a line, where the sender reads that."""
    if not report.brief or report.number is None:
        return report.to_pairs()
    number, arrival = report.number, report.arrival_ns // _MICROSECOND
    words = [f"{number} {arrival} {report.frames} {round(1e3 * (report.hold_s or 0.0))}"]
    words += [] if report.decoded is None else [f"d{number - report.decoded}"]
    words += [] if report.repaired is None else [f"r{report.repaired}"]
    words += [] if report.display_s is None else [f"s{round(1e3 * report.display_s)}"]
    words += [f"m{missing.text(number)}" for missing in report.missing]
    for _, before_ns, other in report.recent:
        if other is None:
            break
        before = before_ns // _MICROSECOND
        words.append(("" if number - other == 1 else f"{number - other}:") + f"{arrival - before}")
        number, arrival = other, before
    return {_KEY: " ".join(words)}


def from_pairs(pairs: Mapping[str, str]) -> ArrivalReport:
    """The inverse of `to_pairs`, but for what a line leaves out: stamps, bytes and the time of decoding.

    Raises:
        InputError: it is none.
    """
    if _KEY not in pairs:
        return ArrivalReport.from_pairs(pairs)
    text = pairs[_KEY]
    try:
        return _read(text.split())
    except ValueError:
        raise InputError(f"arrival report: expected `number µs frames ms …`, got {text[:60]!r}") from None


def message_bytes(*reports: Mapping[str, str]) -> int:
    """What reports take as a DiagnosticArray over DDS, a status each, without the headers of UDP and below.

    A text is aligned to 4 bytes, after its length and with a zero at its end (OMG CDR).
    """
    texts = [text for pairs in reports for pair in pairs.items() for text in pair]
    return _RTPS + _ARRAY + _STATUS * len(reports) + sum(4 + -(-(len(text) + 1) // 4) * 4 for text in texts)


def _read(words: list[str]) -> ArrivalReport:
    number, arrival, frames, hold = map(_count, words[:4])
    told: dict[str, int] = {}
    missing = []
    recent: list[Arrival] = []
    before_number, before = number, arrival
    for word in words[4:]:
        if word[0] in "drs":
            told[word[0]] = _whole(word[1:])
        elif word[0] == "m":
            missing.append(word[1:])
        elif not word[0].isalpha() and len(recent) < REMEMBERED:  # a newer receiver may say more
            apart, _, took = word.rpartition(":")
            before_number, before = before_number - (_whole(apart) if apart else 1), before - _whole(took)
            recent.append(Arrival(0, before * _MICROSECOND, before_number))
    return ArrivalReport(
        stamp_ns=0,
        frames=frames,
        bytes=0,
        arrival_ns=arrival * _MICROSECOND,
        recent=tuple(recent),
        display_s=1e-3 * _at_least_0(told["s"]) if "s" in told else None,
        number=number,
        decoded=_at_least_0(number - told["d"]) if "d" in told else None,
        missing=missing_of(" ".join(missing), number),
        repaired=_at_least_0(told["r"]) if "r" in told else None,
        hold_s=1e-3 * hold,
        brief=True,
    )


def _count(word: str) -> int:
    return _at_least_0(_whole(word))


def _whole(word: str) -> int:
    if len(word) > _LONGEST:  # Python refuses those of more than 4300 digits only
        raise ValueError(word)
    return int(word)


def _at_least_0(value: int) -> int:
    if value < 0:
        raise ValueError(value)
    return value
