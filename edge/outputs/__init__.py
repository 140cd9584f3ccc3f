"""Where events go. One output a file, each with a thread of its own that takes from the bus; none may hold up
the frame path."""

from __future__ import annotations

from typing import Protocol

from edge.errors import MienError


class ReaderGone(Exception):
    """Whoever read the output has gone (`mien run --jsonl - | head`): a reason to stop, not an error."""


class Output(Protocol):
    """Takes events from the bus it was made with."""

    def start(self) -> None:
        """Open what there is to open, and begin.

        Raises:
            OutputError: it cannot be opened: a port in use, a file that cannot be written.
        """

    @property
    def failure(self) -> MienError | ReaderGone | None:
        """What ended the output for good, if anything did."""

    def close(self) -> None:
        """Write what is still waiting, as far as that goes quickly, and close.

        Raises:
            OutputError: an event could not be written.
            ReaderGone: nobody reads any more.
        """
