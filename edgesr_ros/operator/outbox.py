"""What one page is still to get: newest wins, so that a slow page costs nobody anything."""

from edgesr_ros.operator.messages import Frame

WINDOW = 2  # pictures of a camera under way: one on the wire while the one before is decoded
_TEXTS = 64  # kinds of messages and answers that wait, at most


class Outbox:
    """Holds at most the newest text of each kind and the newest picture of each camera.

    Pictures are sent as the page says that it has shown those before: what waits elsewhere, in the buffers of
    the network, would be old by the time that it comes.
    """

    def __init__(self) -> None:
        self._texts: dict[str, str] = {}
        self._frames: dict[str, Frame] = {}
        self._under_way: dict[str, list[int]] = {}
        self.watching = True
        self.compared: set[str] = set()

    def put_text(self, key: str, text: str) -> None:
        """A message; one of the same key that still waits is replaced."""
        self._texts[key] = text
        if len(self._texts) > _TEXTS:
            del self._texts[next(iter(self._texts))]

    def put_frame(self, frame: Frame) -> None:
        """A picture; kept if it is what this page wants of the camera."""
        if self.watching and frame.compared == (frame.camera in self.compared):
            self._frames[frame.camera] = frame

    def seen(self, camera: str, number: int) -> None:
        """The page has shown a picture, and all before it."""
        if camera in self._under_way:
            self._under_way[camera] = [sent for sent in self._under_way[camera] if sent > number]

    def compare(self, camera: str, on: bool) -> None:
        """What the page wants of a camera has changed; what waits is not that."""
        (self.compared.add if on else self.compared.discard)(camera)
        self._frames.pop(camera, None)

    def watch(self, on: bool) -> None:
        """Whether somebody looks at the page."""
        self.watching = on
        if not on:
            self._frames.clear()

    def take(self) -> str | bytes | None:
        """What is to be sent now; None: nothing."""
        if self._texts:
            return self._texts.pop(next(iter(self._texts)))
        for camera, frame in self._frames.items():
            under_way = self._under_way.setdefault(camera, [])
            if len(under_way) < WINDOW:
                under_way.append(frame.id)
                del self._frames[camera]  # the next time the camera is behind all others
                return frame.data
        return None
