"""What stands in docs/ because the code says it: `python -m edge.reference` writes it again.

docs/configuration.md from the settings, and docs/schema/*.json from events, reports and `mien bench`.
"""

from __future__ import annotations

import json
import types
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo

from edge.bench.document import SCHEMA, json_schema
from edge.config import CAMERAS, SECTIONS
from edge.schemas import file_name, published_schemas

DOCS = Path(__file__).parents[1] / "docs"
WORDS = {str: "text", float: "number", int: "whole number", bool: "true, false", Path: "path"}
SIGNS = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<"}
INTRODUCTION = """# Configuration

Written by `python -m edge.reference` from `edge/settings.py`.

Defaults < `/etc/mien/config.toml` < `/etc/mien/config.d/*.toml` < variables `MIEN_SECTION_KEY` < flags.
`mien config init` prints a file to begin with, `mien config show` what is in force and where each value
comes from, `mien config check FILE` what is wrong with a file.
"""


def configuration_page() -> str:
    """docs/configuration.md."""
    lines = [INTRODUCTION.rstrip()]
    for name, section in SECTIONS.items():
        title = f"## [{name}], [{CAMERAS}.NAME]" if name == "camera" else f"## [{name}]"
        lines += ["", title, " ".join((section.__doc__ or "").split())]
        lines += ["", "| key | kind | default | |", "|---|---|---|---|"]
        for key, field in section.model_fields.items():
            default = "" if field.default is None else f"`{_toml(field.default)}` "
            lines.append(f"| `{key}` | {_kind(field)} | {default}| {field.description} |")
    return "\n".join(lines) + "\n"


def configuration_file() -> Iterator[str]:
    """A configuration file to begin with, line by line: every key, commented out, with its meaning."""
    yield "# mien's configuration: take away the # of what you change. docs/configuration.md tells the same."
    for name, section in SECTIONS.items():
        yield from ("", f"[{name}]")
        for key, field in section.model_fields.items():
            yield f"# {field.description}"
            yield f"#{key} = {'' if field.default is None else _toml(field.default)}"


def _kind(field: FieldInfo) -> str:
    kinds: list[Any] = [field.annotation]
    if isinstance(field.annotation, types.UnionType):
        kinds = [kind for kind in typing.get_args(field.annotation) if kind is not type(None)]
    words = " or ".join(WORDS.get(kind, "list of texts") for kind in kinds)
    bounds = [
        f"{sign} {getattr(bound, name):g}"
        for bound in field.metadata
        for name, sign in SIGNS.items()
        if hasattr(bound, name)
    ]
    return ", ".join([words, *bounds])


def _toml(value: Any) -> str:
    return json.dumps(value)


def write(docs: Path = DOCS) -> None:
    """Write the page and the schemas."""
    (docs / "configuration.md").write_text(configuration_page())
    folder = docs / "schema"
    folder.mkdir(exist_ok=True)
    for name, schema in {**published_schemas(), SCHEMA: json_schema()}.items():
        (folder / file_name(name)).write_text(json.dumps(schema, indent=2) + "\n")


if __name__ == "__main__":
    write()
