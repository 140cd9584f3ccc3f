"""What goes into the bundle: one text a member, each of them hidden; a part that fails says why instead."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from edge.config import Configuration, load
from edge.errors import MienError
from edge.hiding import hide, hide_key, hide_value
from edge.settings import Settings
from edge.support.facts import health, machine
from edge.support.journal import last_lines
from edge.support.quick_bench import quick_bench
from edge.versions import installed_versions

PATIENCE = 3.0  # seconds for the daemon's metrics
README = """\
This is what `mien support-bundle` collected for whoever is to find out what is wrong with a device.

{members}
There is no picture in it, and nothing about a face but counts. Passwords, tokens and logins are in files
of their own, which were not read. In the configuration, the log and all other texts, logins and queries of
addresses, the user at the MQTT broker and users' names in paths are replaced by ***. What stays are names
and addresses of this machine, its cameras and its broker in the network. All of it is plain text: look
before you send it.
"""


def collect(file: Path | None, with_bench: bool) -> Iterator[tuple[str, str]]:
    """Names and texts of the members, always in the same order.

    Args:
        file: of the configuration, as `--config`; None for the machine's.
        with_bench: measure for a few seconds, too.
    """
    try:
        configuration: Configuration | MienError = load(file)
    except MienError as error:
        configuration = error
    settings = configuration.settings if isinstance(configuration, Configuration) else Settings()
    parts: dict[str, tuple[str, Callable[[], str]]] = {
        "configuration.toml": ("the effective configuration", lambda: _configuration(configuration)),
        "versions.json": ("versions of mien and its packages", lambda: _json(installed_versions())),
        "machine.json": ("hardware, operating system, cameras", lambda: _json(machine())),
        "health.json": ("temperature, memory, disk at this moment", lambda: _json(health(settings.health))),
        "models.json": ("models that are installed or ship", lambda: _models(settings)),
        "metrics.txt": (
            "metrics of the running mien, where no token guards them",
            lambda: _metrics(settings),
        ),
        "journal.txt": ("the last lines of the service's log", last_lines),
        "doctor.json": ("what `mien doctor --json` says", lambda: _doctor(settings)),
    }
    if with_bench:
        parts["bench.json"] = ("a bench of a few seconds", lambda: _json(quick_bench(settings)))
    listing = "".join(f"- {name}: {words}\n" for name, (words, _) in parts.items())
    yield "README.txt", README.format(members=listing)
    for name, (_, part) in parts.items():
        yield name, hide(_told(part))


def _told(part: Callable[[], str]) -> str:
    """A part's text. A broken device is what the bundle is for, so no fault of a part ends it."""
    try:
        return part()
    except MienError as error:
        return f"{hide_value(str(error))}\n"
    except Exception as error:  # its text may hold an address, and with it a password
        return f"this could not be found out ({type(error).__name__}: {hide_value(str(error))})\n"


def _json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False, default=str) + "\n"


def _doctor(settings: Settings) -> str:
    from edge.doctor import as_report, examine

    return _json(as_report(examine(settings)))


def _configuration(configuration: Configuration | MienError) -> str:
    if isinstance(configuration, MienError):
        raise configuration
    return "\n".join(configuration.lines(hide_key))


def _models(settings: Settings) -> str:
    from edge.store.choosing import open_store

    entries = open_store(settings.model).entries()
    return _json([{**asdict(entry), "shipped": entry.shipped} for entry in entries])


def _metrics(settings: Settings) -> str:
    """What a running daemon tells everybody on this machine; its token is not read to learn more."""
    scheme = "http" if settings.http.tls_certificate is None else "https"
    if not settings.outputs.http or settings.http.token_file is not None or scheme == "https":
        return "not asked for: the page is off, encrypted, or guarded by a token\n"
    host, port = settings.outputs.host_port
    place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"{scheme}://{place}/metrics", timeout=PATIENCE) as answer:
            return str(answer.read().decode(errors="replace"))
    except (OSError, urllib.error.URLError) as error:
        return f"no mien answers at {place} ({error})\n"
