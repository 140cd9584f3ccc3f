"""The page's files. They are the same for everybody: what mien sees is not in them."""

from __future__ import annotations

from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

WEB = Path(__file__).parents[1] / "web"
MEDIA_TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
TEMPLATES = ("login.html",)  # not as they are


def routes() -> list[Route]:
    """One for each file, read once."""
    files = sorted(WEB.iterdir())
    return [route(file) for file in files if file.suffix in MEDIA_TYPES and file.name not in TEMPLATES]


def route(file: Path) -> Route:
    """Answers with a file; `index.html` is the root."""
    content = file.read_bytes()

    async def answer(request: Request) -> Response:
        return Response(content, media_type=MEDIA_TYPES[file.suffix])

    return Route("/" if file.name == "index.html" else f"/{file.name}", answer)
