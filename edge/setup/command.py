"""`mien setup`: its flags. What does the work is imported when it is called."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from edge.setup.unattended import Flags

INTERRUPTED = 130


def setup(
    yes: Annotated[bool, typer.Option("--yes", help="Ask nothing: the flags are the answers.")] = False,
    camera: Annotated[
        list[str] | None,
        typer.Option(metavar="[NAME=]SOURCE", help="As in `mien run`; once for each, several with names."),
    ] = None,
    camera_login_file: Annotated[
        list[str] | None, typer.Option(metavar="[NAME=]FILE", help="Holds USER:PASSWORD of a camera.")
    ] = None,
    mqtt_host: Annotated[str | None, typer.Option(help='The MQTT broker; "" for none.')] = None,
    mqtt_port: Annotated[int | None, typer.Option(min=1, max=65535, help="1883, with TLS 8883.")] = None,
    mqtt_tls: Annotated[bool, typer.Option("--mqtt-tls", help="Encrypt, and check who it is.")] = False,
    mqtt_user: Annotated[str | None, typer.Option(help="At the broker.")] = None,
    mqtt_password_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Holds the password; it is copied.")
    ] = None,
    address: Annotated[
        str | None,
        typer.Option(metavar="HOST:PORT", help="Serve the page there; a token is made for other machines."),
    ] = None,
    page_name: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="A name the page is reached by.")
    ] = None,
    no_check: Annotated[
        bool, typer.Option("--no-check", help="Try neither cameras nor broker, which are elsewhere yet.")
    ] = False,
    no_service: Annotated[
        bool, typer.Option("--no-service", help="Leave the service alone, started or not.")
    ] = False,
    replace: Annotated[
        bool, typer.Option("--replace", help="Also answers that were changed by hand.")
    ] = False,
    root: Annotated[
        Path, typer.Option(metavar="FOLDER", help="Set up the system in this folder, such as an image.")
    ] = Path("/"),
) -> None:
    """Choose the camera, try the MQTT broker, open the page, and turn the service on."""
    from edge.setup.unattended import Flags

    flags = Flags(
        tuple(camera or ()),
        tuple(camera_login_file or ()),
        mqtt_host,
        mqtt_port,
        mqtt_tls,
        mqtt_user,
        mqtt_password_file,
        address,
        tuple(page_name or ()),
    )
    if not yes and (flags or no_check):
        _refuse("flags that answer questions come with --yes: add it, or leave them out")
    if not yes and not (sys.stdin.isatty() and sys.stdout.isatty()):
        _refuse("setup asks questions and here is no terminal: use one, or --yes with flags")
    if not _run(flags, yes, not no_check, replace, not no_service, root.absolute()):
        raise typer.Exit(1)


def _run(flags: Flags, yes: bool, check: bool, replace: bool, with_service: bool, root: Path) -> bool:
    from rich.console import Console

    from edge.setup.interview import Interview
    from edge.setup.places import find_places
    from edge.setup.session import Session
    from edge.setup.unattended import answer

    with Session(find_places(root), Console(highlight=False), ask=not yes) as session:
        answers = session.answers()
        try:
            if yes:
                answer(answers, flags, session.show if check else None)
            else:
                Interview(session.console, answers, session.show).hold()
            return session.finish(answers, replace, with_service)
        except (KeyboardInterrupt, EOFError):
            print(f"\nmien: interrupted: {session.state}", file=sys.stderr)
            raise typer.Exit(INTERRUPTED) from None


def _refuse(reason: str) -> None:
    print(f"mien: {reason}", file=sys.stderr)
    raise typer.Exit(2)
