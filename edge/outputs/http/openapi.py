"""The API's description in OpenAPI 3.1, made from the models that requests are checked with and from the
events' schemas."""

from __future__ import annotations

import json
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from edge.outputs.http import answers
from edge.outputs.http.answers import COMPONENTS, event
from edge.schemas import event_schemas

MODELS: tuple[type[BaseModel], ...] = (
    answers.State,
    answers.Cameras,
    answers.CameraSeen,
    answers.Models,
    answers.Pause,
    answers.Switch,
    answers.Accepted,
    answers.Alive,
    answers.Ready,
    answers.Error,
)
CAMERA = {"name": "camera", "in": "query", "schema": {"type": "string"}}
AFTER = {"name": "after", "in": "query", "schema": {"type": "integer", "minimum": 0}}
NAME = {"name": "name", "in": "path", "required": True, "schema": {"type": "string"}}
TEXT, PICTURE = {"schema": {"type": "string"}}, {"schema": {"type": "string", "format": "binary"}}
REFUSALS = {
    400: "the request is damaged",
    401: "a token is needed",
    403: "the token may not do this, or another site's page asks",
    404: "no such camera, model or page",
    413: "the body is too large",
    415: "the body is no JSON",
    421: "not served under this name",
    422: "the body is not what is expected",
    429: "wait before another token is tried",
    503: "as many are served, or wait, already as may be",
}


def description(version: str) -> dict[str, Any]:
    """The document."""
    sse = {"text/event-stream": TEXT}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "mien",
            "version": version,
            "description": "Facial expressions as they are seen. Events are described in docs/events.md.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": {
            "/api/v1/state": {"get": _get("Everything at once", answers.State)},
            "/api/v1/cameras": {"get": _get("Every camera", answers.Cameras)},
            "/api/v1/cameras/{name}": {
                "get": _get("A camera and what it saw last", answers.CameraSeen, parameters=[NAME])
            },
            "/api/v1/models": {"get": _get("The models", answers.Models)},
            "/api/v1/events": {
                "get": _get("Server-sent events, without an end", content=sse, parameters=[CAMERA])
            },
            "/api/v1/ws": {
                "get": {
                    **_get("Events as a WebSocket's text frames", parameters=[CAMERA]),
                    "responses": {
                        "101": {"description": "One event a frame", "x-event": _any_event()},
                        **_refusals(400, 401, 403, 404, 421, 429, 503),
                    },
                }
            },
            "/api/v1/pause": {"post": _post("Stop looking, or go on", answers.Pause)},
            "/api/v1/model": {"post": _post("Use another model", answers.Switch)},
            "/preview.jpg": {
                "get": _get(
                    "The newest picture; waits for another one than frame `after`",
                    content={"image/jpeg": PICTURE},
                    parameters=[CAMERA, AFTER],
                    more={"204": {"description": "none came within 10 seconds"}},
                )
            },
            "/preview.mjpeg": {
                "get": _get(
                    "Pictures, without an end",
                    content={"multipart/x-mixed-replace": PICTURE},
                    parameters=[CAMERA],
                )
            },
            "/healthz": {"get": {**_get("Whether the process lives", answers.Alive), "security": []}},
            "/readyz": {
                "get": _get(
                    "Whether every camera streams or has ended",
                    answers.Ready,
                    more={"503": {"description": "not ready", "content": _json(answers.Ready)}},
                )
            },
            "/metrics": {"get": _get("Prometheus metrics", content={"text/plain": TEXT})},
        },
        "components": {
            "schemas": _schemas(),
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"token": []}, {}],
    }


def route(version: str) -> Route:
    """Answers with the document, which is made at the first request."""
    made: list[bytes] = []

    async def answer(request: Request) -> Response:
        if not made:
            made.append(json.dumps(description(version)).encode())
        return Response(made[0], media_type="application/json")

    return Route("/openapi.json", answer)


def _get(
    summary: str,
    model: type[BaseModel] | None = None,
    content: dict[str, Any] | None = None,
    parameters: list[dict[str, Any]] | None = None,
    more: dict[str, Any] | None = None,
) -> dict[str, Any]:
    said = content or (_json(model) if model else {})
    return {
        "summary": summary,
        "parameters": parameters or [],
        "responses": {
            "200": {"description": "as asked", "content": said},
            **_refusals(400, 401, 403, 404, 421, 429, 503),
            **(more or {}),
        },
    }


def _post(summary: str, model: type[BaseModel]) -> dict[str, Any]:
    return {
        "summary": summary,
        "requestBody": {"required": True, "content": _json(model)},
        "responses": {
            "202": {"description": "it will be done", "content": _json(answers.Accepted)},
            **_refusals(*REFUSALS),
        },
    }


def _refusals(*statuses: int) -> dict[str, Any]:
    said = _json(answers.Error)
    return {str(status): {"description": REFUSALS[status], "content": said} for status in statuses}


def _json(model: type[BaseModel]) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": COMPONENTS + model.__name__}}}


def _any_event() -> dict[str, Any]:
    return {"oneOf": [event(name) for name in event_schemas()]}


def _schemas() -> dict[str, Any]:
    _, own = models_json_schema(
        [(model, "validation") for model in MODELS], ref_template=COMPONENTS + "{model}"
    )
    found: dict[str, Any] = dict(own["$defs"])
    for name, schema in event_schemas().items():
        parts = schema.pop("$defs", {})
        for key in ("$schema", "$id"):
            schema.pop(key)
        prefix = name.replace("/", ".")
        moved = json.dumps({prefix: schema, **{f"{prefix}.{part}": one for part, one in parts.items()}})
        found.update(json.loads(moved.replace('"#/$defs/', f'"{COMPONENTS}{prefix}.')))
    return found
