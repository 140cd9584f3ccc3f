"""Everything the web server answers, put together."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp

from edge.control import Control
from edge.outputs.http import openapi, static
from edge.outputs.http.access import Access
from edge.outputs.http.api import Api
from edge.outputs.http.door import Door
from edge.outputs.http.guard import Guard
from edge.outputs.http.login import Login
from edge.outputs.http.probes import Probes
from edge.outputs.http.streams import Streams
from edge.outputs.http.view import View


def application(
    view: View, control: Control, access: Access, hosts: tuple[str, ...], most_streams: int
) -> ASGIApp:
    """The ASGI application, behind the guard. Reads the page's files once."""
    door = Door(access)
    streams = Streams(view, view.feed, door, most_streams)
    routes = [
        *Api(view, control, door, streams).routes(),
        *Probes(view, door).routes(),
        *Login(door).routes(),
        openapi.route(view.version),
        *static.routes(),
    ]
    return Starlette(
        routes=routes,
        middleware=[Middleware(Guard, hosts=hosts)],
        exception_handlers={HTTPException: refuse},
    )


async def refuse(connection: HTTPConnection, error: Exception) -> Response:
    """Why something was not done, as JSON."""
    assert isinstance(error, HTTPException)
    return JSONResponse({"error": error.detail}, error.status_code, error.headers)
