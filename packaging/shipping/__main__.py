"""`python -m shipping deb` and `python -m shipping offline`; the Makefile types them."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from edge.errors import MienError
from shipping import deb, offline, source, wheels
from shipping.targets import MACHINES, OLDEST_GLIBC, PYTHONS, SUITES

ROOT = Path(__file__).resolve().parents[2]


def main(arguments: list[str] | None = None) -> None:
    """Build what was asked for; a fault is one line on standard error and its exit code."""
    asked = _parser().parse_args(arguments)
    try:
        if source.uncommitted(ROOT):
            print("shipping: what is not committed is left out", file=sys.stderr)
        with tempfile.TemporaryDirectory(prefix="mien-") as folder:
            print(_build(asked, Path(folder)))
    except MienError as error:
        print(f"shipping: {error}", file=sys.stderr)
        sys.exit(error.exit_code)


def _build(asked: argparse.Namespace, folder: Path) -> Path:
    commit = source.check_out(ROOT, folder / "source")
    lock = commit.folder / "requirements.txt"
    own = wheels.build_own(commit, folder / "own")
    if asked.what == "offline":
        for python in PYTHONS:
            wheels.fetch(lock, asked.arch, OLDEST_GLIBC, python, asked.cache, folder / "wheels")
        return offline.build(commit, asked.arch, own, folder / "wheels", folder / "tree", asked.output)
    suite = SUITES[asked.suite]
    locked = wheels.fetch(lock, asked.arch, suite.glibc, suite.python, asked.cache, folder / "wheels")
    package = deb.Package(commit, asked.arch, asked.suite, asked.revision)
    compression = deb.QUICK if asked.quick else deb.SMALL
    return deb.build(package, [own, *locked], folder / "tree", asked.output, compression)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="shipping", description="Build what is installed on devices.")
    parser.add_argument("what", choices=("deb", "offline"))
    parser.add_argument("--arch", choices=MACHINES, default="arm64")
    parser.add_argument("--suite", choices=SUITES, default="trixie", help="of Debian or Raspberry Pi OS")
    parser.add_argument("--revision", type=int, default=1, help="of the package, for the same mien once more")
    parser.add_argument("--quick", action="store_true", help="a larger package, sooner")
    parser.add_argument("--output", type=Path, default=ROOT / "dist")
    parser.add_argument("--cache", type=Path, default=ROOT / "build/wheels", help="keeps fetched wheels")
    return parser


if __name__ == "__main__":
    main()
