"""Asks everybody who comes for what they need: a token, or the session a browser got for one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response

from edge.outputs.http.access import Access, Level

DELAY_SECONDS = 0.5  # that an answer to a wrong token takes; so long its sender cannot try another
COOKIE = "mien_session"
CHALLENGE = {"WWW-Authenticate": "Bearer"}
Endpoint = Callable[[Request], Awaitable[Response]]


class Door:
    """Lets in who may come in.

    Args:
        access: knows the tokens.
    """

    def __init__(self, access: Access) -> None:
        self.access = access
        self._doubted: set[str] = set()

    def needs(self, level: Level, endpoint: Endpoint) -> Endpoint:
        """The endpoint for those only who may do as much."""

        async def guarded(request: Request) -> Response:
            await self.check(request, level)
            return await endpoint(request)

        return guarded

    async def check(self, connection: HTTPConnection, level: Level) -> None:
        """Raises HTTPException 401 for whom is not known, 403 for who may less, 429 for who guesses."""
        found = await self.level(connection)
        if found >= level:
            return
        if level > self.access.highest:
            raise HTTPException(403, "nobody may control mien over HTTP here: set http.control_token_file")
        which = "the control token" if level is Level.CONTROL else "a token"
        status = 401 if found <= self.access.anonymous else 403
        raise HTTPException(status, f"this needs {which}: Authorization: Bearer TOKEN", CHALLENGE)

    async def level(self, connection: HTTPConnection) -> Level:
        """What whoever asks may do."""
        access = self.access
        header = connection.headers.get("authorization")
        if header is not None and access.has_tokens:
            scheme, _, token = header.partition(" ")
            return (
                await self.try_token(connection, token.strip())
                if scheme.lower() == "bearer"
                else Level.NOTHING
            )
        session = connection.cookies.get(cookie_name(connection), "")
        return max(access.anonymous, access.of_session(session))

    async def rights(self, connection: HTTPConnection) -> dict[str, object]:
        """What whoever asks may do, and whether logging in or out would change that."""
        level = await self.level(connection)
        return {
            "access": level.name.lower(),
            "login": level < self.access.highest,
            "logout": level > self.access.anonymous,
        }

    async def try_token(self, connection: HTTPConnection, token: str) -> Level:
        """What a token allows; a wrong one costs time. Raises HTTPException 429 during that time."""
        address = connection.client.host if connection.client else ""
        if address in self._doubted:
            raise HTTPException(429, "wait before another token is tried", {"Retry-After": "1"})
        level = self.access.of_token(token)
        if level is Level.NOTHING:
            self._doubted.add(address)
            try:
                await asyncio.sleep(DELAY_SECONDS)
            finally:
                self._doubted.discard(address)
        return level


def cookie_name(connection: HTTPConnection) -> str:
    """A browser sends cookies to every port of a machine; another mien there has a name of its own."""
    server = connection.scope.get("server") or ("", 0)
    return f"{COOKIE}_{server[1]}"
