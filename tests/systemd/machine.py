"""A machine to boot: this one's /usr and systemd in a container, with an /etc of its own for mien's service.

Nothing of it outlives the test, and nothing of the machine it runs on is written: /usr, Python and the
checkout are bound read-only.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
UNITS = ROOT / "systemd"
SYSTEMD = Path("/usr/lib/systemd/systemd")
PATIENCE = 60.0  # seconds for anything to come true; a loaded machine is slow
PATH = "/usr/sbin:/usr/bin:/sbin:/bin"


class BootFailed(Exception):
    """No systemd came up; the reason in one line."""


class Machine:
    """A booted container.

    Args:
        root: an empty folder that becomes its root file system.
        has_usr: it is a Debian of its own; otherwise it borrows this machine's /usr.
    """

    def __init__(self, root: Path, has_usr: bool = False) -> None:
        self.root = root
        self.has_usr = has_usr
        self._container: subprocess.Popen[bytes] | None = None
        self._leader = 0

    def write(self, path: str, text: str, mode: int = 0o644) -> None:
        """A file of the machine, before or after it was booted."""
        file = self.root / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(mode)

    def read(self, path: str) -> str:
        return (self.root / path.lstrip("/")).read_text()

    @contextlib.contextmanager
    def booted(self, *binds: tuple[Path, str]) -> Iterator[Machine]:
        """The machine while it runs.

        Args:
            binds: folders of this machine and where they are seen, read-only.
        Raises:
            BootFailed: containers cannot be booted here.
        """
        command = ["systemd-nspawn", "--quiet", "--boot", "--register=no", "--keep-unit", "--private-network"]
        command += [f"--directory={self.root}", f"--machine=mien-{os.getpid()}", "--console=pipe"]
        # Its systemd loads BPF programs to keep services from devices.
        command += ["--system-call-filter=bpf"]
        if not self.has_usr:
            command += ["--bind-ro=/usr"]
        command += [f"--bind-ro={source}:{target}" for source, target in binds]
        # Version 2 of control groups, as on every Debian of today: where this machine has version 1, so would
        # the container, and its systemd would not notice the end of a killed service's children.
        environment = {**os.environ, "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1"}
        log = self.root.with_name("nspawn.log")
        with log.open("wb") as output:
            self._container = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, env=environment
            )
        try:
            try:
                self.wait_until(self._is_up)
            except AssertionError:
                lines = log.read_text(errors="replace").split("\n")
                raise BootFailed(next(filter(None, reversed(lines)), "no reason given")) from None
            yield self
        finally:
            self._container.terminate()  # systemd-nspawn lets the machine shut down in order
            try:
                self._container.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self._container.kill()
                self._container.wait()

    def run(self, *command: str, check: bool = True, seconds: float = PATIENCE) -> str:
        """Run a command inside, as root, and return what it printed."""
        inside = ["nsenter", "--target", str(self._leader), "--all", "--wd=/", "env", "-i", f"PATH={PATH}"]
        done = subprocess.run(
            [*inside, *command], capture_output=True, text=True, timeout=seconds, check=False
        )
        assert done.returncode == 0 or not check, f"{command}: {done.stderr or done.stdout}"
        return done.stdout.strip()

    def show(self, name: str, unit: str = "mien.service") -> str:
        """A property of a unit, such as ActiveState."""
        return self.run("systemctl", "show", "--value", "--property", name, unit)

    def state(self) -> str:
        """Of mien's service, as `systemctl status` words it."""
        return f"{self.show('ActiveState')} ({self.show('SubState')})"

    def main_process(self) -> int:
        """Number of the service's main process, seen from here."""
        inside = int(self.show("MainPID"))
        assert inside, f"mien is {self.state()}: {self.log()}"
        for status in Path("/proc").glob("[0-9]*/status"):
            with contextlib.suppress(OSError):
                numbers = [line.split()[1:] for line in status.read_text().split("\n") if "NSpid:" in line]
                if numbers and numbers[0][1:] == [str(inside)] and self._contains(status.parent):
                    return int(status.parent.name)
        raise AssertionError(f"process {inside} is gone")

    def log(self) -> str:
        """What the service said."""
        return self.run("journalctl", "--no-pager", "--output=cat", "--unit=mien.service", check=False)

    def wait_until(self, condition: Callable[[], object], seconds: float = PATIENCE) -> None:
        """Return once the condition holds; the test fails where it never does."""
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, (
                f"it never came true: {self.log() if self._leader else 'no boot'}"
            )
            assert self._container is None or self._container.poll() is None, "the machine went down"
            time.sleep(0.1)

    def _is_up(self) -> bool:
        assert self._container is not None
        number = self._container.pid
        children = Path(f"/proc/{number}/task/{number}/children").read_text().split()
        self._leader = int(children[0]) if children else 0
        if not self._leader:
            return False
        return self.run("systemctl", "is-active", "basic.target", check=False) == "active"

    def _contains(self, process: Path) -> bool:
        leader = Path(f"/proc/{self._leader}/ns/pid")
        return os.readlink(process / "ns/pid") == os.readlink(leader)


def why_not() -> str | None:
    """What keeps a machine from being booted here; None where nothing is known to."""
    if os.geteuid() != 0:
        return "only root can boot a container"
    for program, package in (("systemd-nspawn", "systemd-container"), ("nsenter", "util-linux")):
        if shutil.which(program) is None:
            return f"no {program} here: apt install {package}"
    return None if SYSTEMD.exists() else f"no {SYSTEMD} here: apt install systemd"


def furnish(machine: Machine) -> None:
    """The little a Debian needs to boot, and mien's service as docs/service.md installs it."""
    for folder in ("usr", "var", "run", "tmp", "proc", "sys", "dev", "root", "opt/mien/bin"):
        (machine.root / folder).mkdir(parents=True)
    for folder in ("bin", "sbin", "lib", "lib64"):
        if Path("/usr", folder).exists():
            (machine.root / folder).symlink_to(f"usr/{folder}")
    # With an id it is no first boot, at which systemd would enable whatever services /usr has.
    machine.write("etc/machine-id", uuid.uuid4().hex + "\n")
    machine.write("etc/os-release", Path("/etc/os-release").read_text())
    machine.write("etc/passwd", "root:x:0:0:root:/root:/bin/sh\n")
    machine.write("etc/group", "root:x:0:\nvideo:x:44:\n")
    # No more than what every service waits for; getty, cron and the like of the bound /usr stay off.
    target = "[Unit]\nDescription=Up\nRequires=basic.target\nAfter=basic.target\nAllowIsolate=yes\n"
    machine.write("etc/systemd/system/multi-user.target", target)
    (machine.root / "etc/systemd/system/default.target").symlink_to("multi-user.target")
    machine.write("etc/systemd/system/systemd-firstboot.service", "[Service]\nType=oneshot\nExecStart=true\n")
    for name, place in (
        ("mien.service", "etc/systemd/system"),
        ("mien-models.service", "etc/systemd/system"),
        ("mien-models.timer", "etc/systemd/system"),
        ("sysusers.d/mien.conf", "etc/sysusers.d"),
        ("tmpfiles.d/mien.conf", "etc/tmpfiles.d"),
    ):
        machine.write(f"{place}/{Path(name).name}", (UNITS / name).read_text())


def python_of_the_machine(machine: Machine) -> list[tuple[Path, str]]:
    """Give the machine this Python, its packages and the checkout, in /opt: homes are hidden from mien.

    Returns:
        the folders to bind for it; /opt/mien/bin/python is the interpreter then.
    """
    base = Path(sys.base_prefix).resolve()
    packages = Path(next(path for path in sys.path if path.endswith("site-packages")))
    binds = [(ROOT / "edge", "/opt/mien/src/edge"), (packages, "/opt/mien/packages")]
    if not base.is_relative_to("/usr"):
        binds.append((base, "/opt/python"))
        base = Path("/opt/python")
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    (machine.root / "opt/mien/bin/python").symlink_to(base / "bin" / version)
    machine.write("opt/mien/pyvenv.cfg", f"home = {base}/bin\ninclude-system-site-packages = false\n")
    machine.write(f"opt/mien/lib/{version}/site-packages/checkout.pth", "/opt/mien/src\n/opt/mien/packages\n")
    for name in ("mien", "mien-models"):
        machine.write(
            f"etc/systemd/system/{name}.service.d/python.conf",
            f"[Service]\nEnvironment=LD_LIBRARY_PATH={base}/lib\n",
        )
    return binds


def hang(process: int) -> None:
    """Stop a process as a fault would: it neither runs nor ends."""
    os.kill(process, signal.SIGSTOP)
