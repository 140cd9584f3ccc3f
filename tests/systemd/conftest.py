"""Machines to boot: with a stand-in for the daemon, and with the daemon itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from machine import BootFailed, Machine, furnish, python_of_the_machine, why_not
from shipping.__main__ import main as ship

# Shorter times than the unit's, so that a test need not wait for them.
QUICK = "[Service]\nWatchdogSec={}\nRestartSec=0.2\n"
HERE = Path(__file__).parent


def boot(
    folder: Path, program: str, watchdog: float, config: str, *binds: tuple[Path, str]
) -> Iterator[Machine]:
    if (reason := why_not()) is not None:
        pytest.skip(reason)
    machine = Machine(folder / "root")
    machine.root.mkdir()
    furnish(machine)
    binds = (*binds, *python_of_the_machine(machine))
    machine.write("opt/mien/bin/mien", program, 0o755)
    machine.write("etc/mien/config.toml", config)
    machine.write("etc/systemd/system/mien.service.d/quick.conf", QUICK.format(watchdog))
    machine.write("etc/credstore/mien-mqtt-password", "open sesame", 0o600)
    wants = machine.root / "etc/systemd/system/multi-user.target.wants"
    wants.mkdir()
    (wants / "mien.service").symlink_to("../mien.service")  # `systemctl enable mien`
    try:
        with machine.booted(*binds):
            yield machine
    except BootFailed as failure:
        pytest.skip(f"systemd-nspawn boots nothing here: {failure}")


@pytest.fixture(scope="session")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """mien's own package for trixie on amd64, of the last commit."""
    folder = tmp_path_factory.mktemp("package")
    ship(["deb", "--arch=amd64", "--quick", f"--output={folder}"])
    (file,) = folder.glob("*.deb")
    return file


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """Booted, with the stand-in of standin.py as its mien."""
    program = "#!/bin/sh\nexec /opt/mien/bin/python /opt/mien/standin/standin.py\n"
    folder = tmp_path_factory.mktemp("standin")
    yield from boot(folder, program, 2, "one", (HERE, "/opt/mien/standin"))


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """Booted, with mien itself on the demo clip; events go to /var/lib/mien/events.jsonl."""
    program = '#!/bin/sh\nexec /opt/mien/bin/python -m edge.cli "$@"\n'
    config = '[outputs]\njsonl = "/var/lib/mien/events.jsonl"\n'
    yield from boot(tmp_path_factory.mktemp("daemon"), program, 10, config)
