import pytest

from edgesr_ros.errors import InputError
from edgesr_ros.operator.access import Access, is_loopback, token_for

TOKEN = "a token of one's own"
HERE = {"Host": "127.0.0.1:8088"}


@pytest.mark.parametrize(
    ("address", "local"), [("127.0.0.1", True), ("::1", True), ("127.8.0.1", True), ("0.0.0.0", False)]
)
def test_the_loopback_is_known(address, local):
    assert is_loopback(address) is local


def test_a_name_is_no_address():
    with pytest.raises(InputError, match="listen is 'localhost', expected an IP address"):
        is_loopback("localhost")


def test_only_other_machines_need_a_token(tmp_path):
    assert token_for("127.0.0.1", "") == ""
    made = token_for("0.0.0.0", "")
    assert len(made) >= 16 and made != token_for("0.0.0.0", "")
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    assert token_for("127.0.0.1", str(tmp_path / "token")) == TOKEN


@pytest.mark.parametrize(
    "text", ["short", "", "fifteen letters", "a token\nof two lines", "ein sehr langes Wört"]
)
def test_a_token_that_is_too_short_or_unreadable_is_refused(tmp_path, text):
    (tmp_path / "token").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match="expected a token of at least 16 printable ASCII characters"):
        token_for("0.0.0.0", str(tmp_path / "token"))


@pytest.mark.parametrize(
    "headers",
    [
        HERE,
        HERE | {"Origin": "http://127.0.0.1:8088", "Sec-Fetch-Site": "same-origin"},
        {"Host": "LocalHost:8088", "Origin": "http://localhost:8088"},
        {"Host": "[::1]:8088", "Origin": "http://[::1]:8088"},
        HERE | {"Sec-Fetch-Site": "none"},
    ],
)
def test_our_own_page_may(headers):
    assert Access("127.0.0.1", "").refusal(headers, secret=True) is None


@pytest.mark.parametrize(
    "headers",
    [
        HERE | {"Origin": "http://evil.example"},
        HERE | {"Origin": "null"},
        HERE | {"Origin": "http://127.0.0.1:9999"},
        HERE | {"Origin": "http://127.0.0.1:8088.evil.example"},
        HERE | {"Origin": "http://[bad"},
        HERE | {"Sec-Fetch-Site": "cross-site"},
        HERE | {"Sec-Fetch-Site": "same-site"},
        {"Host": "evil.example:8088", "Origin": "http://evil.example:8088"},
        {"Host": "127.0.0.1.evil.example:8088"},
        {},
    ],
)
def test_pages_from_elsewhere_may_not(headers):
    assert Access("127.0.0.1", "").refusal(headers, secret=True)


def test_a_link_to_the_page_may_stand_elsewhere():
    assert Access("127.0.0.1", "").refusal(HERE | {"Sec-Fetch-Site": "cross-site"}, secret=False) is None
    assert Access("127.0.0.1", "").refusal({"Host": "evil.example"}, secret=False)


def test_with_a_token_any_name_of_the_machine_will_do_but_no_other_origin():
    access = Access("0.0.0.0", TOKEN)
    assert access.refusal({"Host": "ground:8088", "Origin": "http://ground:8088"}, secret=True) is None
    assert access.refusal({"Host": "ground:8088", "Origin": "http://evil.example"}, secret=True)
    assert access.knows(TOKEN)
    assert not any(map(access.knows, ("", TOKEN[:-1], TOKEN + "x", "ü" * 20, "\ud800")))
