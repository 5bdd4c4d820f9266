"""Which stored frames an encoder may build on: those that the receiver is known to have."""

from edgesr_ros.codecs.av1_trailer import FARTHEST, NUMBERS


class Anchors:
    """Numbers of stored frames, from old to new.

    Args:
        most: that are stored at a time; 2 at least.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._stored: list[int] = []
        self._acknowledged: int | None = None

    def acknowledge(self, number: int) -> None:
        """The receiver has decoded this one; one that is not stored any more, or older, changes nothing."""
        if number in self._stored:
            place = self._stored.index(number)
            known = self._acknowledged
            if known is None or place > self._stored.index(known):
                self._acknowledged = number

    def usable(self, number: int) -> int | None:
        """The one that the frame of this number may build on; None where there is none near enough."""
        known = self._acknowledged
        if known is None or (number - known) % NUMBERS.size > FARTHEST:
            return None
        return known

    def make_room(self) -> int | None:
        """Gives up one where all places are taken: the oldest but for the acknowledged one."""
        if len(self._stored) < self._most:
            return None
        given_up = next(number for number in self._stored if number != self._acknowledged)
        self._stored.remove(given_up)
        return given_up

    def add(self, number: int) -> None:
        """This frame is stored."""
        self._stored.append(number)

    def clear(self) -> None:
        """Nothing is stored any more."""
        self._stored, self._acknowledged = [], None
