"""mien's service: at rest while setup looks through its cameras, turned on at the end."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

from edge.errors import OutputError
from edge.setup.places import ROOT, Places

UNIT = "mien.service"
FOLDERS = ("etc/systemd/system", "usr/lib/systemd/system", "usr/local/lib/systemd/system")
PATIENCE = 120  # seconds; longer than the unit itself may take to start


def obstacle(places: Places) -> str | None:
    """Why there is no service to turn on; None where there is one."""
    if not places.service:
        return f"without root there is no service: mien run --config {places.answers}"
    if not any((places.root / folder / UNIT).is_file() for folder in FOLDERS):
        return "the service is not installed: docs/service.md tells how"
    if places.root == ROOT and not Path("/run/systemd/system").is_dir():
        return "systemd does not run here: start mien yourself, mien run"
    return None


def drop_in(logins: list[str]) -> str | None:
    """What hands the service the cameras' logins, which the unit does not know; None where it is no use."""
    if not logins:
        return None
    lines = "".join(f"LoadCredential={login}\n" for login in logins)
    return f"# Written by `mien setup`: the logins of cameras.\n[Service]\n{lines}"


@contextlib.contextmanager
def at_rest(places: Places) -> Iterator[None]:
    """Stop a running service, which holds its cameras, and see to it that it runs again at the end."""
    running = places.root == ROOT and obstacle(places) is None and _is("is-active")
    if running:
        _systemctl("stop", UNIT)
    try:
        yield
    finally:
        if running:
            _systemctl("start", UNIT)


def turn_on(places: Places, changed: bool) -> str:
    """Have the service started now and at every boot, and read what changed; says what was done.

    Raises:
        OutputError: systemd cannot do it; the message is its own.
    """
    if places.root != ROOT:
        _systemctl(f"--root={places.root}", "enable", UNIT)
        return "the service starts when the device boots"
    if changed:
        _systemctl("daemon-reload")
    if not _is("is-enabled"):
        _systemctl("enable", UNIT)
    if not _is("is-active"):
        _systemctl("start", UNIT)
        return "the service is started, now and at every boot"
    if not changed:
        return "the service runs already"
    _systemctl("restart", UNIT)
    return "the service is started anew"


def _is(question: str) -> bool:
    command = ["systemctl", question, "--quiet", UNIT]
    return subprocess.run(command, stdin=subprocess.DEVNULL, timeout=PATIENCE, check=False).returncode == 0


def _systemctl(*arguments: str) -> None:
    try:
        done = subprocess.run(
            ["systemctl", *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise OutputError(
            f"systemctl {arguments[0]} failed ({type(error).__name__}): journalctl -u mien"
        ) from None
    if done.returncode:
        said = (done.stderr.strip().splitlines() or ["no reason given"])[0].rstrip(".")
        raise OutputError(f"systemctl {' '.join(arguments)}: {said}: journalctl -u mien tells more")
