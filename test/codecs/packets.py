"""What a decoder of a stream makes of its packets."""

from edgesr_ros.codecs.frame_number import RecoveringError


def shown_by(decoder, packets, numbers):
    """Number → picture, of those that the decoder shows."""
    pictures = {}
    for number in numbers:
        try:
            pictures[number] = decoder.decode(packets[number])
        except RecoveringError:
            continue
    return pictures
