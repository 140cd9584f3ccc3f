"""Reads what is posted: of one kind, and not much of it."""

from __future__ import annotations

from typing import TypeVar

from pydantic import BaseModel, ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request

LARGEST = 8192  # bytes
# A web page elsewhere can make browsers post forms, but not JSON: that would ask this server first, and it
# does not answer. Forms are taken by the login page alone.
JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
M = TypeVar("M", bound=BaseModel)


async def read_body(request: Request, kind: str) -> bytes:
    """The body. Raises HTTPException 415 for another kind, 413 for a large one."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != kind:
        raise HTTPException(415, f"send it as Content-Type: {kind}")
    body = b""
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > LARGEST:
                # The rest is not waited for.
                raise HTTPException(413, f"{LARGEST} bytes are enough", {"Connection": "close"})
    except ClientDisconnect:
        raise HTTPException(400, "the body ends early") from None
    return body


async def read_json(request: Request, model: type[M]) -> M:
    """The body as that model. Raises HTTPException 422 where it is not one."""
    body = await read_body(request, JSON)
    try:
        return model.model_validate_json(body, strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise HTTPException(422, f"{place}: {first['msg']}" if place else first["msg"]) from error
