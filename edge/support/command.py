"""`mien support-bundle`: its flags. What does the work is imported when it is called."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer


def support_bundle(
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="mien-support-DATE.tar.gz here by default.")
    ] = None,
    no_bench: Annotated[bool, typer.Option("--no-bench", help="Do not measure how fast it is.")] = False,
    config: Annotated[
        Path | None, typer.Option("--config", help="Read this file instead of those in /etc/mien.")
    ] = None,
) -> None:
    """Collect what the support desk needs: no pictures, no passwords."""
    from edge.support.archive import write
    from edge.support.members import collect

    file = out or Path(f"mien-support-{time.strftime('%Y%m%d-%H%M%S')}.tar.gz")
    members = list(collect(config, not no_bench))
    print(members[0][1])
    for name, text in members:
        print(f"  {name:<20} {len(text.encode(errors='replace')):>8} bytes")
    write(file, members)
    print(f"wrote {file}")
