"""An arm64 board with a kernel and a systemd of its own, emulated whole, and a shell on its serial port.

Its root file system lies in memory, as the kernel's first one: it needs no disk, nor a disk's drivers.
"""

from __future__ import annotations

import base64
import contextlib
import os
import re
import shutil
import socket
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from debian_roots import unpack_debian

PACKAGES = (
    "base-files,base-passwd,bash,coreutils,dash,debconf,diffutils,dpkg,findutils,grep,init-system-helpers,"
    "libc-bin,libstdc++6,linux-image-cloud-arm64,mawk,mount,perl-base,procps,python3,sed,systemd,systemd-sysv,"
    "tar,util-linux,zlib1g"
)
PROCESSOR = "cortex-a72"  # a Raspberry Pi 4's
MEMORY = 4096  # MiB; half of it may hold files
PATIENCE = 600.0  # seconds; an emulated processor has a tenth of a real one's speed, or less
LEFT_OUT = ("boot", "usr/lib/modules", "usr/share/doc", "usr/share/locale", "usr/share/man", "usr/share/info")
SHELL = """[Unit]
Description=A shell for the test
[Service]
ExecStart=/bin/sh
StandardInput=tty-force
StandardOutput=tty
TTYPath=/dev/ttyAMA0
Restart=always
"""
PROMPT = b"# "
ANSWER = re.compile(rb"<<(\d+):(\d+):([A-Za-z0-9+/=\r\n]*)>>")


class Board:
    """An emulated board.

    Args:
        root: its files.
        kernel: to boot.
        emulator: an unpacked Debian of this machine's architecture with qemu in it.
    """

    def __init__(self, root: Path, kernel: Path, emulator: Path) -> None:
        self.root, self._kernel, self._emulator = root, kernel, emulator
        self._line: socket.socket | None = None
        self._heard, self._asked = b"", 0

    @contextlib.contextmanager
    def booted(self) -> Iterator[Board]:
        """The board while it runs; its serial port's words are in serial.log beside its root."""
        files, port = self.root.with_name("files.cpio"), self.root.with_name("serial")
        with files.open("wb") as archive:
            listed = subprocess.Popen(["find", ".", "-print0"], cwd=self.root, stdout=subprocess.PIPE)
            pack = ["cpio", "--create", "--null", "--format=newc", "--quiet"]
            subprocess.run(pack, cwd=self.root, stdin=listed.stdout, stdout=archive, check=True)
        boot = "console=ttyAMA0 rdinit=/usr/lib/systemd/systemd quiet systemd.show_status=no"
        boot += f" systemd.default_timeout_start_sec={PATIENCE:.0f}"  # for Debian's own services
        command = [*self._qemu(), "-machine", "virt", "-cpu", PROCESSOR, "-smp", "2", "-m", str(MEMORY)]
        command += ["-kernel", self._kernel, "-initrd", files, "-append", boot, "-no-reboot"]
        command += ["-display", "none", "-monitor", "none", "-nic", "none"]
        command += ["-chardev", f"socket,id=serial,path={port},server=on,wait=off,logfile={port}.log"]
        machine = subprocess.Popen([*command, "-serial", "chardev:serial"], stdin=subprocess.DEVNULL)
        try:
            until(port.exists, 60)
            self._line = socket.socket(socket.AF_UNIX)
            self._line.connect(str(port))
            self._line.settimeout(1.0)
            yield self
        finally:
            machine.kill()
            machine.wait()

    def run(self, command: str, check: bool = True, seconds: float = PATIENCE) -> str:
        """Have the board's shell run a command, as root, and return what it printed."""
        assert self._line is not None
        self._asked += 1
        ask = f'({command}) >/run/said 2>&1; echo "<<{self._asked}:$?:$(base64 /run/said)>>"\n'
        self._line.sendall(ask.encode())
        code, said = self._answer(command, time.monotonic() + seconds)
        assert code == 0 or not check, f"{command}: {said}"
        return said

    def _answer(self, command: str, deadline: float) -> tuple[int, str]:
        """What the newest command ended with and printed; late answers to earlier ones are passed by."""
        assert self._line is not None
        while True:
            for number, code, said in ANSWER.findall(self._heard):
                if int(number) == self._asked:
                    self._heard = b""
                    return int(code), base64.b64decode(said).decode(errors="replace").strip()
            assert time.monotonic() < deadline, f"no answer to {command}: {self._heard[-2000:]!r}"
            self._hear()

    def wait_for_shell(self) -> None:
        """Until the board is up. What is sent before the kernel listens may jam the serial port for good."""

        def prompted() -> bool:
            self._hear()
            return PROMPT in self._heard

        until(prompted, PATIENCE)
        until(lambda: self.run("systemctl is-active multi-user.target", check=False) == "active", PATIENCE)

    def show(self, name: str, unit: str = "mien.service") -> str:
        """A property of a unit, such as ActiveState."""
        return self.run(f"systemctl show --value --property {name} {unit}")

    def _hear(self) -> None:
        assert self._line is not None
        with contextlib.suppress(TimeoutError):
            self._heard += self._line.recv(65536)

    def _qemu(self) -> list[str | Path]:
        """With the C library it was made for, not this machine's."""
        usr = self._emulator / "usr"
        (loader,) = usr.glob("lib*/ld-linux-x86-64.so.2")
        libraries = usr / "lib/x86_64-linux-gnu"
        return [
            loader,
            "--library-path",
            libraries,
            usr / "bin/qemu-system-aarch64",
            "-L",
            usr / "share/qemu",
        ]


def make_board(folder: Path) -> Board:
    """An arm64 Debian that boots, in a folder; the test is skipped where it cannot be had."""
    if os.geteuid() != 0:
        pytest.skip("only root can make a root file system")
    if shutil.which("cpio") is None:
        pytest.skip("no cpio here: apt install cpio")
    emulator = unpack_debian(folder / "emulator", "amd64", "extract", "qemu-system-arm")
    root = unpack_debian(folder / "root", "arm64", "extract", PACKAGES)
    (kernel,) = (root / "boot").glob("vmlinuz-*")
    kernel = kernel.rename(folder / "kernel")
    for place in LEFT_OUT:
        shutil.rmtree(root / place, ignore_errors=True)
    _furnish(root)
    return Board(root, kernel, emulator)


def _furnish(root: Path) -> None:
    """What the packages' own programs would have made, had they run."""
    for folder in (
        "dev",
        "proc",
        "run",
        "sys",
        "tmp",
        "root",
        "var/log",
        "var/lib/dpkg/info",
        "var/lib/dpkg/updates",
    ):
        (root / folder).mkdir(parents=True, exist_ok=True)
    if not (root / "dev/console").exists():
        os.mknod(root / "dev/console", 0o20600, os.makedev(5, 1))
    (root / "var/lib/dpkg/status").touch()
    for name in ("passwd", "group"):
        shutil.copy(root / f"usr/share/base-passwd/{name}.master", root / f"etc/{name}")
    if not (root / "usr/bin/sh").exists():
        (root / "usr/bin/sh").symlink_to("dash")
    if not (root / "usr/bin/awk").exists():
        (root / "usr/bin/awk").symlink_to("mawk")
    units = root / "etc/systemd/system"
    (root / "etc/machine-id").write_text(uuid.uuid4().hex + "\n")
    (root / "etc/hostname").write_text("board\n")
    (units / "multi-user.target.wants").mkdir(parents=True, exist_ok=True)
    (units / "shell.service").write_text(SHELL)
    (units / "multi-user.target.wants/shell.service").symlink_to("../shell.service")
    (units / "default.target").symlink_to("/usr/lib/systemd/system/multi-user.target")
    for name in ("serial-getty@ttyAMA0.service", "systemd-firstboot.service", "systemd-hwdb-update.service"):
        (units / name).symlink_to("/dev/null")


def until(condition: Callable[[], object], seconds: float) -> None:
    """Return once the condition holds; the test fails where it never does."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.2)
