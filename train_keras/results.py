"""`docs/results.md`: each command rewrites its own section and leaves the others alone."""

from __future__ import annotations

import re
import subprocess
from datetime import UTC, datetime
from pathlib import Path

RESULTS = Path("docs/results.md")
_HEAD = "Every section is written by the command it names. Masks are synthetic throughout.\n"


def write_section(key: str, title: str, command: str, body: str, path: Path = RESULTS) -> None:
    """Replace the section `key`, or append it.

    Args:
        key: a stable name, unique in the file.
        title: heading of the section.
        command: what a reader types to write it again.
        body: Markdown.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    text = path.read_text() if path.is_file() else f"# {path.stem.capitalize()}\n\n{_HEAD}"
    start, end = f"<!-- {key} -->", f"<!-- /{key} -->"
    source = f"`{command}`, {datetime.now(UTC):%Y-%m-%d}, commit {commit()}"
    section = f"{start}\n## {title}\n{source}\n\n{body.strip()}\n{end}"
    pattern = re.compile(re.escape(start) + ".*?" + re.escape(end), re.DOTALL)
    text = pattern.sub(lambda _: section, text) if pattern.search(text) else f"{text.rstrip()}\n\n{section}\n"
    path.write_text(text)


def commit() -> str:
    """The checkout's commit, and whether its code differs from it; reports and pictures do not count."""
    try:
        commit = _git("rev-parse", "--short", "HEAD")
        changed = _git("status", "--porcelain", "--", "edge/*.py", "train_keras", "convert")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return f"{commit} with changes" if changed else commit


def _git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], capture_output=True, text=True, check=True).stdout.strip()
