"""Fetches files that may take several tries: what came of one is kept, and the next try goes on from it."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import http.client
import json
import os
import ssl
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any
from urllib.parse import unquote, urlsplit, urlunsplit

from edge.errors import DownloadError
from edge.store.addresses import check_address, local_file, shown
from edge.store.disk import reading, writing

SECONDS = 30.0  # without a byte
CHUNK = 1 << 16
RESUME = "try again, it goes on from there"
Progress = Callable[[int, int | None], None]  # bytes so far, bytes in all


@dataclass(frozen=True, slots=True)
class Part:
    """What is known of a file that is only partly there.

    Attributes:
        validator: its ETag or date; without one nobody can tell whether it is still the same file.
        total: bytes in all.
    """

    validator: str | None
    total: int | None


class _Redirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, request: Any, *rest: Any) -> urllib.request.Request | None:
        check_address(rest[-1])
        return super().redirect_request(request, *rest)


def fetch(
    address: str, folder: Path, limit: int, size: int | None = None, progress: Progress | None = None
) -> Path:
    """A file from an address, below `folder`; one of file:// stays where it is.

    Args:
        limit: bytes it may have at the most.
        size: bytes it must have, where that is known.
        progress: hears how far it is.
    Raises:
        DownloadError: the address is not allowed or cannot be reached, or what comes is too much or too
            little. What has come is kept, and the next call goes on from there.
        FileUnreadableError: there is no such file.
        OutputError: the folder cannot be written.
    """
    check_address(address)
    if (local := local_file(address)) is not None:
        return _checked(local, limit, size)
    name = f"{hashlib.sha256(address.encode()).hexdigest()[:8]}-{Path(urlsplit(address).path).name[-80:]}"
    done, part, notes = (folder / f"{name}{end}" for end in ("", ".part", ".json"))
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        known = _read_notes(notes, part)
        with _open(address, part.stat().st_size if known else 0, known) as answer:
            first, total = _measure(answer, address, part, known)
            if size not in (None, total) and total is not None:
                _drop(part, notes)
                raise DownloadError(f"{shown(address)} has {total} bytes, not the {size} that were promised")
            if (total or size or 0) > limit:
                raise DownloadError(f"{shown(address)} has more than {limit} bytes: it is no bundle")
            validator = _validator(answer)
            notes.write_text(json.dumps(asdict(Part(validator, total))))
            with part.open("ab" if first else "wb") as file:
                most = total if total is not None else size if size is not None else limit
                got = _copy(answer, file, first, most, total or size, progress)
        if got > most:
            _drop(part, notes)
            raise DownloadError(f"{shown(address)} goes on after {most} bytes: tell whoever runs the server")
        whole = total or size or 0
        if got < whole:
            raise DownloadError(f"{shown(address)} broke off after {got} of {whole} bytes: {RESUME}")
        os.replace(part, done)
        notes.unlink(missing_ok=True)
    return done


def _checked(file: Path, limit: int, size: int | None) -> Path:
    with reading(file):
        found = file.stat().st_size
    if found > limit or size not in (None, found):
        raise DownloadError(f"{file} has {found} bytes, not {size if size is not None else f'up to {limit}'}")
    return file


@contextlib.contextmanager
def _open(address: str, first: int, known: Part | None) -> Iterator[http.client.HTTPResponse]:
    request = _request(address)
    if first and known is not None and known.validator is not None:
        request.add_header("Range", f"bytes={first}-")
        request.add_header("If-Range", known.validator)
    try:
        with urllib.request.build_opener(_Redirects).open(request, timeout=SECONDS) as answer:
            yield answer
    except urllib.error.HTTPError as error:
        mend = "check the address" if error.code in (401, 403, 404, 410) else "try again later"
        reason = f"{error.code} {error.reason}"
        raise DownloadError(f"{shown(address)} cannot be fetched ({reason}): {mend}") from error
    except urllib.error.URLError as error:
        reason = str(error.reason)
        raise DownloadError(f"{shown(address)} cannot be reached ({reason}): try again later") from error
    except (TimeoutError, ConnectionError, ssl.SSLError, http.client.HTTPException) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise DownloadError(f"{shown(address)} broke off ({reason}): {RESUME}") from error


def _request(address: str) -> urllib.request.Request:
    """A request that carries user and password as a header."""
    parts = urlsplit(address)
    bare = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2], fragment=""))
    request = urllib.request.Request(bare, headers={"Accept-Encoding": "identity", "User-Agent": "mien"})
    if parts.username:
        login = f"{unquote(parts.username)}:{unquote(parts.password or '')}".encode()
        # Not repeated to another host after a redirect.
        request.add_unredirected_header("Authorization", f"Basic {base64.b64encode(login).decode()}")
    return request


def _measure(
    answer: http.client.HTTPResponse, address: str, part: Path, known: Part | None
) -> tuple[int, int | None]:
    """Where in the file the answer begins, and how many bytes the file has."""
    length = answer.headers.get("Content-Length", "")
    rest = int(length) if length.isdecimal() else None
    if answer.status != http.HTTPStatus.PARTIAL_CONTENT:
        return 0, rest
    first = part.stat().st_size
    begins, _, total = answer.headers.get("Content-Range", "").removeprefix("bytes ").partition("/")
    if known is None or begins.partition("-")[0] != str(first) or not total.isdecimal():
        raise DownloadError(f"{shown(address)} answers with another part than was asked for: try again later")
    return first, int(total)


def _copy(
    answer: http.client.HTTPResponse,
    file: IO[bytes],
    got: int,
    most: int,
    total: int | None,
    progress: Progress | None,
) -> int:
    """How many bytes the file has then; it ends once there are more than `most`."""
    while got <= most and (chunk := answer.read(CHUNK)):
        file.write(chunk)
        got += len(chunk)
        if progress is not None:
            progress(got, total)
    file.flush()
    os.fsync(file.fileno())
    return got


def _validator(answer: http.client.HTTPResponse) -> str | None:
    tag = answer.headers.get("ETag")
    return answer.headers.get("Last-Modified") if tag is None or tag.startswith("W/") else tag


def _read_notes(notes: Path, part: Path) -> Part | None:
    """None where there is nothing to go on from."""
    try:
        known = Part(**json.loads(notes.read_text()))
        started = 0 < part.stat().st_size < (known.total or 0)
    except (OSError, ValueError, TypeError):
        return None
    return known if started and known.validator else None


def _drop(part: Path, notes: Path) -> None:
    part.unlink(missing_ok=True)
    notes.unlink(missing_ok=True)
