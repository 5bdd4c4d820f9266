"""How often silence is asked whether the link is back."""

from edgesr_ros.control.flight import Flight

_FIRST = 0.7  # s of silence until a frame is given up and a small one sent after it
_NEXT = 0.4  # s between further ones …
_DRAIN = 0.35  # … as long as what then waits in the link is through in so many seconds …
_SLOWEST = 2.0  # … afterwards twice as long from one to the next, up to this
_LOSSY = 0.001  # share of frames lost of late from which on silence is rather a burst than an outage …
_IN_BURST = 0.1  # … and s between probes, from the first on
STALLED = 0.1  # s between them where what was held up begins to come


def probe_interval(flight: Flight, rate: float, loss: float, probes: int) -> float:
    """Seconds until the next small frame.

    Args:
        flight: what is on the way.
        rate: bytes per second that the link carried.
        loss: share of frames lost of late.
        probes: that went out into this silence.
    """
    drains = flight.size < _DRAIN * rate
    # Only probes: what was sent before the silence has come through, and they were lost in it.
    if drains and (loss > _LOSSY or flight.only_probes):
        return _IN_BURST
    if not probes:
        return _FIRST
    if drains:
        return _NEXT
    return min(_NEXT * 2**probes, _SLOWEST)
