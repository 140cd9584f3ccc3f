"""The login page: a token in, a session cookie out.

The token is in the request's body, never in an address, where histories and logs would keep it.
"""

from __future__ import annotations

from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from edge.outputs.http.access import SESSION_SECONDS, Level
from edge.outputs.http.bodies import FORM, read_body
from edge.outputs.http.door import CHALLENGE, Door, cookie_name
from edge.outputs.http.static import WEB

MESSAGE = "<!-- message -->"
WRONG = '<p class="wrong" role="alert">This is not the token. Try again.</p>'


class Login:
    """Opens and ends sessions."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._page = (WEB / "login.html").read_text(encoding="utf-8")

    def routes(self) -> list[Route]:
        return [
            Route("/login", self._show, methods=["GET"]),
            Route("/login", self._enter, methods=["POST"]),
            Route("/logout", self._leave, methods=["POST"]),
        ]

    async def _show(self, request: Request) -> Response:
        if await self._door.level(request) >= self._door.access.highest:
            return RedirectResponse("/", 303)
        return HTMLResponse(self._page)

    async def _enter(self, request: Request) -> Response:
        body = await read_body(request, FORM)
        fields = parse_qs(body.decode("utf-8", "replace"), max_num_fields=8)
        level = await self._door.try_token(request, fields.get("token", [""])[0].strip())
        if level is Level.NOTHING:
            return HTMLResponse(self._page.replace(MESSAGE, WRONG), 401, CHALLENGE)
        answer = RedirectResponse("/", 303)
        # Behind a proxy that speaks TLS, only the browser knows that it does.
        secure = request.url.scheme == "https" or request.headers.get("origin", "").startswith("https:")
        answer.set_cookie(
            cookie_name(request),
            self._door.access.open_session(level),
            max_age=SESSION_SECONDS,
            httponly=True,
            samesite="strict",
            secure=secure,
        )
        return answer

    async def _leave(self, request: Request) -> Response:
        answer = RedirectResponse("/", 303)
        answer.delete_cookie(cookie_name(request), httponly=True, samesite="strict")
        return answer
