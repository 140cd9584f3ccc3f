"""The API: what is known, and what may be asked of mien."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket

from edge.control import Command, Control, Pause, SwitchModel
from edge.outputs.http import answers
from edge.outputs.http.access import Level
from edge.outputs.http.bodies import read_json
from edge.outputs.http.door import Door
from edge.outputs.http.preview import Preview
from edge.outputs.http.streams import Streams
from edge.outputs.http.view import View

PREVIEW_OFF = "preview is off: no picture leaves mien unless it runs with --preview"
LONGEST_NUMBER = 18  # digits of a frame's number


class Api:
    """Answers what is under /api/v1, and the streams and pictures that the page uses."""

    def __init__(self, view: View, control: Control, door: Door, streams: Streams) -> None:
        self._view, self._control, self._door, self._streams = view, control, door, streams
        self._previews: dict[str, Preview] = {}

    def routes(self) -> list[BaseRoute]:
        read, control = Level.READ, Level.CONTROL
        needs = self._door.needs
        return [
            Route("/api/v1/state", needs(read, self._state)),
            Route("/api/v1/cameras", needs(read, self._cameras)),
            Route("/api/v1/cameras/{name}", needs(read, self._camera)),
            Route("/api/v1/models", needs(read, self._models)),
            Route("/api/v1/events", needs(read, self._events)),
            WebSocketRoute("/api/v1/ws", self._talk),
            Route("/api/v1/pause", needs(control, self._pause), methods=["POST"]),
            Route("/api/v1/model", needs(control, self._switch), methods=["POST"]),
            Route("/events", needs(read, self._events)),
            Route("/preview.jpg", needs(read, self._picture)),
            Route("/preview.mjpeg", needs(read, self._pictures)),
        ]

    async def _state(self, request: Request) -> Response:
        rights, cameras = await self._door.rights(request), self._view.cameras(observations=True)
        return JSONResponse({**self._view.state(), "cameras": cameras, **rights})

    async def _cameras(self, request: Request) -> Response:
        return JSONResponse({"cameras": self._view.cameras()})

    async def _camera(self, request: Request) -> Response:
        found = self._view.camera(request.path_params["name"])
        if found is None:
            raise HTTPException(404, self._no_camera())
        return JSONResponse(found)

    async def _models(self, request: Request) -> Response:
        self._view.ledger.catch_up()
        model = self._view.ledger.loaded.get("expression")
        return JSONResponse({"models": list(self._view.models()), "loaded": model and model.name})

    async def _pause(self, request: Request) -> Response:
        asked = await read_json(request, answers.Pause)
        if asked.camera is not None and asked.camera not in self._view.names:
            raise HTTPException(404, self._no_camera())
        return self._ask(Pause(asked.paused, asked.camera))

    async def _switch(self, request: Request) -> Response:
        asked = await read_json(request, answers.Switch)
        # Names alone: a path would let whoever asks look around on this machine's disk.
        models = self._view.models()
        if asked.name not in models:
            raise HTTPException(404, f"no such model: use one of {', '.join(models)}")
        return self._ask(SwitchModel(asked.name))

    def _ask(self, command: Command) -> Response:
        if not self._control.ask(command):
            raise HTTPException(503, "too many commands wait: try again later", {"Retry-After": "1"})
        return JSONResponse({"accepted": True}, 202)

    async def _events(self, request: Request) -> Response:
        return await self._streams.events(request, self._wanted(request))

    async def _talk(self, websocket: WebSocket) -> None:
        await self._door.check(websocket, Level.READ)
        await self._streams.talk(websocket, self._wanted(websocket))

    async def _picture(self, request: Request) -> Response:
        after = request.query_params.get("after", "")
        known = after.isascii() and after.isdecimal() and len(after) <= LONGEST_NUMBER
        picture = await self._preview(request).next(int(after) if known else None)
        if picture is None:
            return Response(status_code=204)
        return Response(picture.jpeg, media_type="image/jpeg", headers={"Mien-Frame": str(picture.frame)})

    async def _pictures(self, request: Request) -> Response:
        return await self._streams.pictures(self._preview(request))

    def _preview(self, request: Request) -> Preview:
        if not self._view.preview:
            raise HTTPException(404, PREVIEW_OFF)
        camera = self._wanted(request) or next(iter(self._view.names), "")
        return self._previews.setdefault(camera, Preview(self._view.feed, camera))

    def _wanted(self, connection: HTTPConnection) -> str | None:
        """The camera that is asked for; None where none is."""
        camera = connection.query_params.get("camera")
        if camera is not None and camera not in self._view.names:
            raise HTTPException(404, self._no_camera())
        return camera

    def _no_camera(self) -> str:
        return f"no such camera: use one of {', '.join(self._view.names)}"
