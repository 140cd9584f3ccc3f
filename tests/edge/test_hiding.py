"""Logins in addresses, whatever a password is made of."""

from __future__ import annotations

import doctest

from hypothesis import example, given
from hypothesis import strategies as st

import edge.hiding
from edge.hiding import hide, hide_value, value_without_password, without_password

USERS = st.text(st.characters(exclude_characters=":@/", exclude_categories=("Z", "C")), min_size=1)
PASSWORDS = st.text()
# Within a text: one line, no other address.
LINES = st.text(st.characters(exclude_characters="\n")).filter(
    lambda password: "://" not in f"{password}@cam"
)


def test_examples() -> None:
    assert doctest.testmod(edge.hiding).failed == 0


@given(USERS, PASSWORDS)
@example("me", "my pass/word")
@example("me", "p@ss w@rd\n://")
def test_no_password_is_left_of_a_value(user: str, password: str) -> None:
    address = f"rtsp://{user}:{password}@cam/1"
    assert value_without_password(address) == f"rtsp://{user}:***@cam/1"
    assert value_without_password({"a": [address, 1]}) == {"a": [f"rtsp://{user}:***@cam/1", 1]}
    assert hide_value(address) == "rtsp://***@cam/1"


@given(
    USERS,
    st.one_of(LINES.filter(lambda word: "@" not in word), LINES.filter(lambda word: not word.split()[1:])),
)
@example("me", "my pass/word")
@example("me", "554/1 x")
@example("me", "p@ss/w@rd")
def test_no_password_is_left_of_a_text(user: str, password: str) -> None:
    said = f"camera rtsp://{user}:{password.strip()}@cam/1 is lost, slim@0.2.0 in use"
    assert without_password(said) == f"camera rtsp://{user}:***@cam/1 is lost, slim@0.2.0 in use"
    assert hide(said) == "camera rtsp://***@cam/1 is lost, slim@0.2.0 in use"


def test_a_user_may_be_a_mail_address() -> None:
    address = "rtsp://anna@home:secret@cam/1"
    assert without_password(f"{address} is lost") == "rtsp://anna@home:***@cam/1 is lost"
    assert value_without_password(address) == "rtsp://anna@home:***@cam/1"


def test_what_holds_no_password_stays() -> None:
    for text in ("rtsp://cam:554/1 is lost", "http://cam/v and slim@0.2.0", "a@b: c", "rtsp://token@cam"):
        assert without_password(text) == text
    assert without_password("http://one:80/\nhttp://two/ a@b") == "http://one:80/\nhttp://two/ a@b"
    for value in ("rtsp://cam:554/1", "facet:/opt/facet", "picamera:1", 5, None):
        assert value_without_password(value) == value
