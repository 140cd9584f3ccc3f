"""mien-offline-ARCH.tar.zst: wheels, service files and an installer, for machines without dpkg or network."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path

from edge.errors import PackagingError
from shipping.source import Source
from shipping.targets import MACHINES

HERE = Path(__file__).resolve().parents[1] / "offline"
SUMS = "SHA256SUMS"


def build(source: Source, arch: str, own: Path, wheels: Path, folder: Path, output: Path) -> Path:
    """Build the archive.

    Args:
        own: mien's wheel.
        wheels: a folder with those of everything it needs.
        folder: an empty one, to lay the files out in.
        output: where the archive is put.
    Raises:
        PackagingError: there is no zstd, or it refuses.
    """
    name = f"mien-offline-{arch}"
    tree = folder / name
    lay_out(source, arch, own, wheels, tree)
    output.mkdir(parents=True, exist_ok=True)
    file = output / f"{name}.tar.zst"
    tar = folder / f"{name}.tar"
    with tarfile.open(tar, "w", format=tarfile.GNU_FORMAT) as archive:
        for path in [tree, *sorted(tree.rglob("*"))]:
            archive.add(path, path.relative_to(folder), recursive=False, filter=_anonymous(source.epoch))
    # Wheels are compressed already: more effort would gain nothing.
    try:
        subprocess.run(["zstd", "--quiet", "--force", "-3", tar, "-o", file], capture_output=True, check=True)
    except FileNotFoundError as error:
        raise PackagingError("zstd is not installed: apt install zstd") from error
    except subprocess.CalledProcessError as error:
        reason = error.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        raise PackagingError(f"{file} cannot be written ({reason}): see to it, then try again") from error
    return file


def lay_out(source: Source, arch: str, own: Path, wheels: Path, tree: Path) -> None:
    """The archive's files in a folder, with their checksums."""
    shutil.copytree(wheels, tree / "wheels")
    shutil.copy(own, tree / "wheels" / own.name)
    shutil.copytree(source.folder / "systemd", tree / "systemd")
    shutil.copy(source.folder / "LICENSE", tree)
    shutil.copy(HERE / "install.sh", tree)
    (tree / "install.sh").chmod(0o755)
    # mien's own wheel is no locked package; its hash makes it one.
    entry = f"mien=={source.version} --hash=sha256:{_sha256(own)}\n"
    lock = (source.folder / "requirements.txt").read_text()
    (tree / "requirements.txt").write_text(lock + entry)
    (tree / "MACHINE").write_text(MACHINES[arch] + "\n")
    files = sorted(path for path in tree.rglob("*") if path.is_file())
    lines = [f"{_sha256(path)}  {path.relative_to(tree)}\n" for path in files]
    (tree / SUMS).write_text("".join(lines))


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _anonymous(epoch: int) -> Callable[[tarfile.TarInfo], tarfile.TarInfo]:
    """A filter that leaves nothing of the machine and the hour of building in the archive."""

    def clean(member: tarfile.TarInfo) -> tarfile.TarInfo:
        member.mtime = epoch
        member.uid = member.gid = 0
        member.uname = member.gname = "root"
        member.mode = 0o755 if member.isdir() or member.mode & 0o100 else 0o644
        return member

    return clean
