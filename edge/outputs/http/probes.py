"""What supervisors ask: does it live, does it work, how does it fare."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from edge.outputs.http.access import Level
from edge.outputs.http.door import Door
from edge.outputs.http.view import OPENING, View

if TYPE_CHECKING:
    from edge.outputs.http.metrics import Metrics

WORKING = ("streaming", "ended")


class Probes:
    """/healthz for everybody, /readyz and /metrics for readers."""

    def __init__(self, view: View, door: Door) -> None:
        self._view, self._door = view, door
        self._exposition: Metrics | None = None

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/healthz", self._healthz),
            Route("/readyz", self._door.needs(Level.READ, self._readyz)),
            Route("/metrics", self._door.needs(Level.READ, self._metrics)),
        ]

    async def _healthz(self, request: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def _readyz(self, request: Request) -> Response:
        states, reasons = self._view.camera_states(), {}
        for name in self._view.names:
            event = states.get(name)
            if event is None or event.state not in WORKING:
                state = event.state if event else OPENING
                reasons[name] = f"{state}: {event.reason}" if event and event.reason else state
        return JSONResponse({"ready": not reasons, "reasons": reasons}, 503 if reasons else 200)

    async def _metrics(self, request: Request) -> Response:
        if self._exposition is None:
            # Imported when somebody asks: a device that nobody scrapes need not have it in memory.
            from edge.outputs.http.metrics import Metrics

            self._exposition = Metrics(self._view)
        content, media_type = self._exposition.text(request.headers.get("accept", ""))
        return Response(content, headers={"Content-Type": media_type})
