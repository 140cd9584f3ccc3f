"""The arm64 package on an emulated board: installed by dpkg, started by systemd, killed by its watchdog.

It tells of correctness; the times are an emulator's.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator

import pytest
from board import Board, make_board, until
from shipping.__main__ import main as ship

pytestmark = pytest.mark.slow
EVENTS = "/var/lib/mien/events.jsonl"
FACES = f"grep --count --fixed-strings '\"faces\":[{{' {EVENTS} 2>/dev/null || echo 0"


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Board]:
    """Booted, with the package in /srv, mien installed and observing the demo clip."""
    folder = tmp_path_factory.mktemp("board")
    board = make_board(folder)
    ship(["deb", "--arch=arm64", "--quick", f"--output={board.root / 'srv'}"])
    configuration = board.root / "etc/mien/config.d/ours.toml"
    configuration.parent.mkdir(parents=True)
    configuration.write_text(f'[outputs]\njsonl = "{EVENTS}"\n')
    slowly = board.root / "etc/systemd/system/mien.service.d/emulated.conf"
    slowly.parent.mkdir()
    slowly.write_text("[Service]\nTimeoutStartSec=600\n")  # beside other work it takes long
    began = time.monotonic()
    with board.booted():
        board.wait_for_shell()
        told(f"booted in {time.monotonic() - began:.0f} s")
        began = time.monotonic()
        # dpkg knows of no package here, since none was installed by it.
        board.run("DEBIAN_FRONTEND=noninteractive dpkg --force-depends --install /srv/mien_*.deb")
        told(f"installed after {time.monotonic() - began:.0f} s")
        began = time.monotonic()
        board.run("systemctl enable --now mien.service")
        told(f"ready {time.monotonic() - began:.0f} s later")
        until(lambda: faces(board), 600)
        told(f"saw the first face {time.monotonic() - began:.0f} s after it was installed")
        yield board


def told(what: str) -> None:
    print(f"emulated arm64: {what}", file=sys.stderr)


def faces(board: Board) -> int:
    """Observations of faces so far."""
    return int(board.run(FACES, check=False).split()[-1])


def test_it_observes_in_its_sandbox(board: Board) -> None:
    assert board.run("uname --machine") == "aarch64"
    assert board.show("ActiveState") == "active"
    assert board.show("Type") == "notify"
    assert board.show("MemoryDenyWriteExecute") == "yes"
    assert board.show("NRestarts") == "0"


def test_one_that_hangs_is_killed_by_the_watchdog_and_observes_again(board: Board) -> None:
    before = int(board.show("NRestarts"))
    board.run("kill -STOP $(systemctl show --value --property MainPID mien.service)")
    began = time.monotonic()
    until(lambda: int(board.show("NRestarts")) == before + 1, 600)
    assert "watchdog" in board.run("journalctl --no-pager --output=cat --unit=mien.service").lower()
    until(lambda: board.show("ActiveState") == "active", 600)
    seen = faces(board)
    until(lambda: faces(board) > seen, 600)
    told(f"hung, was killed, and observed again after {time.monotonic() - began:.0f} s")


def test_doctor_finds_nothing_wrong(board: Board) -> None:
    # Not runuser: Debian has not set up its PAM here.
    assert "fail" not in board.run("setpriv --reuid=mien --regid=mien --init-groups mien doctor")
