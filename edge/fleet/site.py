"""The fleet's page and what it asks for."""

from __future__ import annotations

from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from edge.fleet.board import overview
from edge.fleet.listening import Listening
from edge.outputs.http import static
from edge.outputs.http.access import Level
from edge.outputs.http.door import Door
from edge.outputs.http.guard import Guard
from edge.outputs.http.login import Login
from edge.outputs.http.serving import WebServer
from edge.outputs.http.site import refuse
from edge.settings import HttpConfig

WEB = Path(__file__).with_name("web")
SHARED = ("style.css", "icon.svg")  # with the device's page
LONGEST_SEARCH = 100  # characters


class FleetServer(WebServer):
    """Serves the page, to this machine or to whoever has the token.

    Args:
        settings: tokens, TLS, limits: `[http]`, as for a device's page.
        address: HOST:PORT.
        listening: hears the devices.
    Raises:
        ConfigError: a token or certificate cannot be used.
    """

    def __init__(self, settings: HttpConfig, address: str, listening: Listening) -> None:
        super().__init__(settings, address)
        self.application = application(listening, Door(self.access), self.hosts)


def application(listening: Listening, door: Door, hosts: tuple[str, ...]) -> ASGIApp:
    """The ASGI application, behind the guard. Reads the page's files once."""

    async def fleet(request: Request) -> Response:
        search = request.query_params.get("search", "")[:LONGEST_SEARCH]
        return JSONResponse({**overview(listening, search), **await door.rights(request)})

    files = [*sorted(WEB.iterdir()), *(static.WEB / name for name in SHARED)]
    return Starlette(
        routes=[
            Route("/api/v1/fleet", door.needs(Level.READ, fleet)),
            *Login(door).routes(),
            *(static.route(file) for file in files if file.suffix in static.MEDIA_TYPES),
        ],
        middleware=[Middleware(Guard, hosts=hosts)],
        exception_handlers={HTTPException: refuse},
    )
