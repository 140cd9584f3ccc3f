"""What every answer carries, and what is refused whoever asks: foreign names, foreign pages."""

from __future__ import annotations

from collections.abc import Collection
from email.utils import formatdate
from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOOPBACK = ("127.0.0.1", "::1", "localhost")
PORTS = {"http": 80, "https": 443}
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    # Not "no-referrer": browsers then post forms with a null Origin, as they do for other sites' pages.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cache-Control": "no-store",
}


class Guard:
    """ASGI middleware: refuses foreign Host and Origin, adds the security headers.

    A web page elsewhere can make its own name resolve to this machine (DNS rebinding) and would then read
    this server as its own origin; its requests still say that name in Host. It can also open a WebSocket or
    post a form here; its requests then say where it is from in Origin.

    Args:
        hosts: names and addresses to be served under, beside loopback and the one the connection came to.
    """

    def __init__(self, app: ASGIApp, hosts: Collection[str] = ()) -> None:
        self._app = app
        self._hosts = frozenset(host_name(host) for host in (*LOOPBACK, *hosts))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_guarded(message: Message) -> None:
            if message["type"] in ("http.response.start", "websocket.http.response.start"):
                headers = MutableHeaders(scope=message)
                headers["Date"] = formatdate(usegmt=True)
                for name, value in HEADERS.items():
                    headers[name] = value
            await send(message)

        hosts, origins = _values(scope, b"host"), _values(scope, b"origin")
        if len(hosts) != 1 or not self._is_own(host_name(hosts[0]), scope):
            reason, status = "not served under this name: add it to http.hosts", 421
        elif any(place(origin) != place(f"//{hosts[0]}", origin) for origin in origins):
            reason, status = "not served to other sites' pages", 403
        else:
            await self._app(scope, receive, send_guarded)
            return
        await JSONResponse({"error": reason}, status)(scope, receive, send_guarded)

    def _is_own(self, name: str, scope: Scope) -> bool:
        reached = scope.get("server") or ("",)
        return name in self._hosts or name == str(reached[0]).lower()


def host_name(header: str) -> str:
    """The name in a Host header, without port and brackets, in lower case.

    >>> host_name("[::1]:8642"), host_name("LOCALHOST:80"), host_name("evil.example"), host_name("::1")
    ('::1', 'localhost', 'evil.example', '::1')
    """
    if header.startswith("["):
        return header[1:].partition("]")[0].lower()
    if header.count(":") > 1:
        return header.lower()
    return header.partition(":")[0].lower()


def place(address: str, like: str = "") -> tuple[str, int | None]:
    """Host and port of an origin, or of "//HOST" with the port that another's scheme implies.

    >>> place("https://Kiosk.example"), place("//kiosk.example", "https://kiosk.example")
    (('kiosk.example', 443), ('kiosk.example', 443))
    >>> place("null")
    ('', None)
    """
    try:
        parts = urlsplit(address)
        return (parts.hostname or "").lower(), parts.port or PORTS.get(urlsplit(like or address).scheme)
    except ValueError:
        return "", None


def _values(scope: Scope, wanted: bytes) -> list[str]:
    return [value.decode("latin-1") for name, value in scope["headers"] if name == wanted]
