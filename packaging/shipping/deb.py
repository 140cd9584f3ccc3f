"""mien_VERSION_ARCH.deb: all but Python itself, built without root; a commit always gives the same bytes."""

from __future__ import annotations

import gzip
import hashlib
import os
import shutil
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path

from edge.errors import PackagingError
from shipping import payload
from shipping.source import Source
from shipping.targets import OLDEST_GLIBC, SUITES

HERE = Path(__file__).resolve().parents[1] / "deb"
HOME = "usr/lib/mien"
SERVICES = ("mien.service", "mien-models.service", "mien-models.timer")
SCRIPTS = ("config", "postinst", "prerm", "postrm")
SMALL = ("-Zxz", "-z6")
QUICK = ("-Zzstd", "-z1")


@dataclass(frozen=True, slots=True)
class Package:
    """What one .deb is made for.

    Attributes:
        revision: counts the packages of one version of mien.
    """

    source: Source
    arch: str
    suite: str
    revision: int = 1

    @property
    def version(self) -> str:
        return f"{self.source.version}-{self.revision}+deb{SUITES[self.suite].number}"

    @property
    def file_name(self) -> str:
        return f"mien_{self.version}_{self.arch}.deb"


def build(
    package: Package, wheels: list[Path], folder: Path, output: Path, compression: tuple[str, str] = SMALL
) -> Path:
    """Build a package.

    Args:
        wheels: of mien and everything it needs.
        folder: an empty one, to lay the files out in.
        output: where the package is put.
        compression: SMALL for devices, QUICK for a package that is only tried.
    Raises:
        PackagingError: there is no dpkg-deb, or it refuses.
    """
    _lay_out(package, wheels, folder)
    _describe(package, folder)
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or _is_program(path.relative_to(folder)) else 0o644)
        os.utime(path, (package.source.epoch, package.source.epoch), follow_symlinks=False)
    output.mkdir(parents=True, exist_ok=True)
    file = output / package.file_name
    command = ["dpkg-deb", "--root-owner-group", *compression, "--build", str(folder), str(file)]
    environment = {**os.environ, "SOURCE_DATE_EPOCH": str(package.source.epoch)}
    try:
        subprocess.run(command, env=environment, capture_output=True, check=True)
    except FileNotFoundError as error:
        raise PackagingError("dpkg-deb is not installed: apt install dpkg") from error
    except subprocess.CalledProcessError as error:
        reason = error.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        raise PackagingError(f"{file} cannot be built ({reason}): see to it, then try again") from error
    return file


def _lay_out(package: Package, wheels: list[Path], root: Path) -> None:
    """Everything but the folder DEBIAN."""
    python = SUITES[package.suite].python
    home = root / HOME
    site_packages = home / f"lib/python{python}/site-packages"
    payload.unpack(wheels, site_packages)
    # An environment of its own, with the board's packages behind mien's: picamera2 comes from Debian.
    _write(home / "pyvenv.cfg", f"home = /usr/bin\ninclude-system-site-packages = true\nversion = {python}\n")
    (home / "bin").mkdir()
    (home / "bin/python").symlink_to(f"../../../bin/python{python}")
    shutil.copy(HERE / "mien", home / "bin/mien")
    (root / "usr/bin").mkdir()
    (root / "usr/bin/mien").symlink_to("../lib/mien/bin/mien")

    units = package.source.folder / "systemd"
    for name in SERVICES:
        text = (units / name).read_text().replace("/opt/mien/bin/mien", "/usr/bin/mien")
        _write(root / "usr/lib/systemd/system" / name, text)
    for name, place in (("sysusers.d/mien.conf", "usr/lib"), ("tmpfiles.d/mien.conf", "usr/lib")):
        _write(root / place / name, (units / name).read_text())
    _write(root / "usr/lib/udev/rules.d/60-mien.rules", (units / "rules.d/60-mien.rules").read_text())
    _write(root / "etc/mien/config.toml", (HERE / "config.toml").read_text())

    documents = root / "usr/share/doc/mien"
    _write(documents / "copyright", (HERE / "copyright").read_text())
    _write(documents / "packages.txt", payload.inventory(site_packages))
    _write_gzip(documents / "changelog.Debian.gz", _changelog(package))
    _write_gzip(root / "usr/share/man/man1/mien.1.gz", (HERE / "mien.1").read_text())
    _write(root / "usr/share/lintian/overrides/mien", (HERE / "lintian-overrides").read_text())


def _describe(package: Package, root: Path) -> None:
    """The folder DEBIAN: control, conffiles, checksums, maintainer scripts."""
    files = sorted(path for path in root.rglob("*") if path.is_file() and not path.is_symlink())
    python = SUITES[package.suite].python
    fields = {
        "VERSION": package.version,
        "ARCH": package.arch,
        "SIZE": str(sum(-(-path.stat().st_size // 1024) for path in files)),
        "PYTHON": python,
        "NEXT_PYTHON": f"3.{int(python.partition('.')[2]) + 1}",
        "GLIBC": f"2.{OLDEST_GLIBC}",
    }
    sums = [f"{hashlib.md5(path.read_bytes()).hexdigest()}  {path.relative_to(root)}\n" for path in files]
    control = root / "DEBIAN"
    text = (HERE / "control").read_text()
    for name, value in fields.items():
        text = text.replace(f"@{name}@", value)
    _write(control / "control", text)
    _write(control / "md5sums", "".join(line for line in sums if "  etc/" not in line))
    _write(control / "conffiles", "/etc/mien/config.toml\n")
    _write(control / "templates", (HERE / "templates").read_text())
    for name in SCRIPTS:
        shutil.copy(HERE / name, control / name)


def _changelog(package: Package) -> str:
    when = format_datetime(datetime.fromtimestamp(package.source.epoch, UTC))
    maintainer = _maintainer()
    lines = [
        f"mien ({package.version}) {package.suite}; urgency=medium",
        f"  * mien {package.source.version}, built from commit {package.source.commit}.",
        f" -- {maintainer}  {when}",
    ]
    return "\n\n".join(lines) + "\n"


def _maintainer() -> str:
    """As the control file has it."""
    lines = (HERE / "control").read_text().splitlines()
    return next(line.partition(": ")[2] for line in lines if line.startswith("Maintainer: "))


def _is_program(path: Path) -> bool:
    """Of a path below the package's root, whether it is run."""
    return path == Path(HOME, "bin/mien") or (path.parent == Path("DEBIAN") and path.name in SCRIPTS)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _write_gzip(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(text.encode(), 9, mtime=0))
