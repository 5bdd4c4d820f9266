"""What reports take of the link that goes back."""

from collections.abc import Iterable

from edgesr_ros.control.report import ArrivalReport

_MESSAGE_HEADERS = 80  # bytes of RTPS and of a DiagnosticArray without a status
_REPORT_HEADERS = 36  # and of a status without its pairs


def report_bytes(reports: Iterable[ArrivalReport]) -> int:
    """What reports take as a DiagnosticArray over DDS, without the headers of UDP and below.

    A text is aligned to 4 bytes, after its length and with a zero at its end (OMG CDR).
    """
    size = _MESSAGE_HEADERS
    for report in reports:
        texts = [text for pair in report.to_pairs().items() for text in pair]
        size += _REPORT_HEADERS + sum(4 + -(-(len(text) + 1) // 4) * 4 for text in texts)
    return size
