"""Who may do what: tokens, sessions, other sites' pages."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
import threading
from http.client import HTTPResponse
from pathlib import Path
from urllib.parse import quote

import pytest
from serving import Served, until

from edge.control import Pause
from edge.errors import ConfigError
from edge.outputs.http.access import SESSION_SECONDS, Access, Level

READ, CONTROL = "read-token-0123456789", "control-token-0123456789"
PAUSE = {"paused": True}


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    files = {"token_file": tmp_path / "read", "control_token_file": tmp_path / "control"}
    for file, token in zip(files.values(), (READ, CONTROL), strict=True):
        file.write_text(token + "\n")
        file.chmod(0o600)
    return files


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def log_in(served: Served, token: str, **headers: str) -> HTTPResponse:
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    return served.ask("/login", "POST", f"token={quote(token)}", **kind, **headers)


def cookie_of(answer: HTTPResponse) -> dict[str, str]:
    return {"Cookie": answer.headers["Set-Cookie"].partition(";")[0]}


def test_without_tokens_everything_is_allowed(tmp_path: Path) -> None:
    with Served() as served:
        assert served.json("/api/v1/state")["access"] == "control"
        assert served.ask("/api/v1/pause", "POST", PAUSE).status == 202
        assert served.control.next(1) == Pause(True, None)


def test_what_mien_sees_needs_the_token(files: dict[str, Path]) -> None:
    with Served(**files, preview=False) as served:
        for path in ("/api/v1/state", "/api/v1/events", "/events", "/preview.jpg", "/metrics", "/readyz"):
            refused = served.ask(path)
            assert (refused.status, refused.headers["WWW-Authenticate"]) == (401, "Bearer")
            assert list(json.load(refused)) == ["error"]
            assert served.ask(f"{path}?token={READ}").status == 401
            for token in (READ, CONTROL):
                assert served.ask(path, **bearer(token)).status in (200, 404)


def test_what_is_no_token_is_refused(files: dict[str, Path]) -> None:
    with Served(**files) as served:
        for headers in (
            bearer(READ + "0"),
            {"Authorization": f"Basic {READ}"},
            {"Authorization": "é"},
            {"Cookie": f"mien_session_{served.port}={READ}"},
        ):
            assert served.ask("/api/v1/state", **headers).status == 401


def test_what_is_the_same_for_everybody_needs_none(files: dict[str, Path]) -> None:
    with Served(**files) as served:
        for path in ("/", "/app.js", "/login", "/healthz", "/openapi.json"):
            assert served.ask(path).status == 200


def test_scopes(files: dict[str, Path]) -> None:
    with Served(**files) as served:
        assert served.ask("/api/v1/pause", "POST", PAUSE).status == 401
        assert served.ask("/api/v1/pause", "POST", PAUSE, **bearer(READ)).status == 403
        assert served.control.next(0.01) is None
        assert served.ask("/api/v1/pause", "POST", PAUSE, **bearer(CONTROL)).status == 202
        assert served.control.next(1) == Pause(True, None)


def test_a_token_to_read_is_not_one_to_control(files: dict[str, Path]) -> None:
    with Served(token_file=files["token_file"]) as served:
        refused = served.ask("/api/v1/pause", "POST", PAUSE, **bearer(READ))
        assert refused.status == 403
        assert "set http.control_token_file" in json.load(refused)["error"]


def test_reading_stays_open_where_only_control_has_a_token(files: dict[str, Path]) -> None:
    with Served(control_token_file=files["control_token_file"]) as served:
        assert served.json("/api/v1/state")["access"] == "read"
        assert served.ask("/api/v1/pause", "POST", PAUSE).status == 401
        assert served.ask("/api/v1/pause", "POST", PAUSE, **bearer(CONTROL)).status == 202


def test_a_browser_gets_a_session(files: dict[str, Path]) -> None:
    with Served(**files) as served:
        wrong = log_in(served, "wrong")
        assert (wrong.status, wrong.headers["Set-Cookie"]) == (401, None)
        assert "This is not the token" in wrong.read().decode()
        right = log_in(served, READ)
        assert (right.status, right.headers["Location"]) == (303, "/")
        cookie = right.headers["Set-Cookie"]
        assert {"HttpOnly", "SameSite=strict", "Path=/"} <= set(cookie.split("; "))
        assert "Secure" not in cookie
        assert READ not in cookie
        assert served.json("/api/v1/state", **cookie_of(right))["access"] == "read"
        assert served.ask("/api/v1/pause", "POST", PAUSE, **cookie_of(right)).status == 403
        control = cookie_of(log_in(served, CONTROL))
        assert served.ask("/api/v1/pause", "POST", PAUSE, **control).status == 202
        assert served.ask("/login", **control).status == 303
        assert "mien_session_" in served.ask("/logout", "POST", **control).headers["Set-Cookie"]


def test_a_session_outlives_the_server_but_not_its_token(files: dict[str, Path]) -> None:
    with Served(**files) as served:
        cookie = cookie_of(log_in(served, READ))
    address = f"127.0.0.1:{served.port}"
    with Served(**files, address=address) as again:
        assert again.ask("/api/v1/state", **cookie).status == 200
    files["token_file"].write_text("another-token-0123456789")
    with Served(**files, address=address) as changed:
        assert changed.ask("/api/v1/state", **cookie).status == 401


def test_behind_a_proxy_with_tls_the_cookie_is_secure(files: dict[str, Path]) -> None:
    with Served(**files, hosts=("kiosk.example",)) as served:
        answer = log_in(served, READ, Host="kiosk.example", Origin="https://kiosk.example")
        assert "Secure" in answer.headers["Set-Cookie"].split("; ")


def test_sessions_cannot_be_made_up() -> None:
    access = Access(READ, CONTROL)
    session = access.open_session(Level.READ, now=1000)
    assert access.of_session(session, now=1000) is Level.READ
    assert access.of_session(session, now=1000 + SESSION_SECONDS) is Level.NOTHING
    name, ends, nonce, signature = session.split(".")
    for forged in (
        f"CONTROL.{ends}.{nonce}.{signature}",
        f"{name}.{int(ends) + 1}.{nonce}.{signature}",
        f"{name}.{ends}.{nonce}.{'0' * len(signature)}",
        f"NOTHING.{ends}.{nonce}.{signature}",
        f"{name}.²³.{nonce}.{signature}",
        "",
        "...",
        session + "é",
    ):
        assert access.of_session(forged, now=1000) is Level.NOTHING
    assert Access(CONTROL, READ).of_session(session, now=1000) is Level.NOTHING


def test_tokens_are_shown_nowhere(files: dict[str, Path], caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    with Served(**files) as served:
        log_in(served, READ)
        served.ask("/api/v1/state", **bearer(CONTROL))
        said = [served.ask(path, **bearer(READ)).read().decode() for path in ("/api/v1/state", "/metrics")]
    for token in (READ, CONTROL):
        assert token not in caplog.text + "".join(said) + repr(Access(READ, CONTROL))
    shown = subprocess.run(
        [sys.executable, "-m", "edge.cli", "config", "show"],
        env={"MIEN_HTTP_TOKEN_FILE": str(files["token_file"])},
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert str(files["token_file"]) in shown
    assert READ not in shown


def test_while_a_wrong_token_waits_for_its_answer_no_other_is_tried(files: dict[str, Path]) -> None:
    with Served(**files) as served:
        answers: list[int] = []
        tries = [
            threading.Thread(target=lambda: answers.append(served.ask("/metrics", **bearer("wrong")).status))
            for _ in range(8)
        ]
        for one in tries:
            one.start()
        for one in tries:
            one.join()
        assert set(answers) == {401, 429}
        assert served.ask("/metrics", **bearer(READ)).status == 200


def test_the_server_ends_without_complaint_while_a_wrong_token_waits(
    files: dict[str, Path], caplog: pytest.LogCaptureFixture
) -> None:
    with Served(**files) as served:
        client = http.client.HTTPConnection("127.0.0.1", served.port)
        client.request("GET", "/metrics", headers=bearer("wrong"))
        until(lambda: served.ask("/metrics", **bearer("wrong")).status == 429)
    client.close()
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


@pytest.mark.parametrize("content", ["short", "", "two\nlines of a long token"])
def test_a_bad_token_is_an_error_that_names_the_mend(tmp_path: Path, content: str) -> None:
    file = tmp_path / "token"
    file.write_text(content)
    with pytest.raises(ConfigError) as raised:
        Served(token_file=file)
    assert content not in str(raised.value) or not content


def test_only_own_names_are_served() -> None:
    with Served(hosts=("kiosk.local",)) as served:
        for host in ("evil.example", "127.0.0.1.evil.example:80", "192.168.1.5", "[::2]", ""):
            answer = served.ask("/api/v1/state", Host=host)
            assert answer.status == 421
            assert b"camera" not in answer.read()
        for host in ("localhost", "LOCALHOST:1", "[::1]:8642", "127.0.0.1:8642", "kiosk.local"):
            assert served.ask("/healthz", Host=host).status == 200


def test_with_a_token_any_address_is_served_under_what_it_was_reached_by(files: dict[str, Path]) -> None:
    with Served(**files, address="0.0.0.0:0") as served:
        assert served.ask("/healthz").status == 200
        assert served.ask("/healthz", Host="192.0.2.7").status == 421


def test_other_sites_pages_are_refused() -> None:
    with Served() as served:
        for origin in ("https://evil.example", "null", "http://127.0.0.1", "http://[", "file://"):
            assert served.ask("/api/v1/pause", "POST", PAUSE, Origin=origin).status == 403
            assert served.ask("/api/v1/state", Origin=origin).status == 403
        assert served.control.next(0.01) is None
        own = f"http://127.0.0.1:{served.port}"
        assert served.ask("/api/v1/pause", "POST", PAUSE, Origin=own).status == 202


def test_forms_of_other_sites_cannot_control() -> None:
    """What browsers send to anywhere without asking: forms, and text."""
    with Served() as served:
        for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""):
            answer = served.ask("/api/v1/pause", "POST", '{"paused":true}', Content_Type=kind)
            assert answer.status == 415
        assert served.control.next(0.01) is None
