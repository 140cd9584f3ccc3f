"""The four forms a network is converted to."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, get_args

from edge.errors import ConfigError

Variant = Literal["float32", "float16", "dynamic", "int8"]
VARIANTS: tuple[Variant, ...] = get_args(Variant)


def parse_variants(
    given: Iterable[str], possible: tuple[Variant, ...] = VARIANTS, what: str = "a network"
) -> tuple[Variant, ...]:
    """The variants that are asked for, each once.

    Args:
        given: words, or several in one, separated by commas.
        possible: the variants there can be.
        what: what is converted, for the message.
    Raises:
        ConfigError: a word names none of them, or there is none.
    """
    words = [word.strip() for text in given for word in text.split(",")]
    for word in words:
        if word not in possible:
            raise ConfigError(f"--to {word or '(nothing)'}: {what} becomes one of {', '.join(possible)}")
    if not words:
        raise ConfigError(f"--to: name one or more of {', '.join(possible)}")
    return tuple(variant for variant in possible if variant in words)


def bundle_name(name: str, variant: Variant) -> str:
    """NAME for int8, the variant that ships; NAME_VARIANT for the others."""
    return name if variant == "int8" else f"{name}_{variant}"
