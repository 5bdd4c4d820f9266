import pytest

from edgesr_ros.codecs.obu import SEQUENCE_HEADER, TEMPORAL_DELIMITER, Obu, obus, sequence_size

# Of 64x64 by SVT-AV1 4.1, and by 4.2, which tells a display delay.
HEADERS = ("0a0a00000002afff895f2008", "0a0b02000004157ffc4af90040")


@pytest.mark.parametrize("text", HEADERS)
def test_a_sequence_header_tells_its_size(text):
    data = bytes.fromhex("1200" + text)
    delimiter, sequence = obus(data, 0, len(data))
    assert delimiter == Obu(TEMPORAL_DELIMITER, 2, 2)
    assert (sequence.kind, sequence.end) == (SEQUENCE_HEADER, len(data))
    assert sequence_size(data, sequence) == (64, 64)


@pytest.mark.parametrize("text", HEADERS)
def test_another_form_or_one_cut_short_is_refused(text):
    data = bytes.fromhex(text)
    for length in range(2, 7):
        with pytest.raises(ValueError, match=""):
            sequence_size(data, Obu(SEQUENCE_HEADER, 2, length))
    for bit in (0x10, 0x08, 0x04):  # still, reduced, timing
        changed = bytes([data[2] | bit]) + data[3:]
        with pytest.raises(ValueError, match=""):
            sequence_size(changed, Obu(SEQUENCE_HEADER, 0, len(changed)))


@pytest.mark.parametrize("text", ["10", "16ff", "9200", "12ffffffffffff00"])
def test_units_without_a_size_or_with_layers_are_refused(text):
    data = bytes.fromhex(text)
    with pytest.raises((ValueError, IndexError)):
        list(obus(data, 0, len(data)))
