"""Small pieces of HTML."""

from __future__ import annotations

import base64


def table(head: list[str], rows: list[list[str]]) -> str:
    """A table that scrolls sideways where it must; the cells are HTML."""
    columns = "".join(f"<th>{name}</th>" for name in head)
    body = "\n".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return (
        f'<div class="scroll"><table><thead><tr>{columns}</tr></thead><tbody>\n{body}\n</tbody></table></div>'
    )


def data_uri(png: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"
