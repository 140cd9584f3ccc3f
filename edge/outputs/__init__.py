"""Where observations go. One output a file; none may hold up the frame path."""

from __future__ import annotations

from typing import Protocol

from edge.types import Frame, Observation


class ReaderGone(Exception):
    """Whoever read the output has gone (`mien run --jsonl - | head`): a reason to stop, not an error."""


class Output(Protocol):
    """Takes observations."""

    def start(self) -> None:
        """Open what there is to open.

        Raises:
            OutputError: it cannot be opened: a port in use, a file that cannot be written.
        """

    def publish(self, observation: Observation, frame: Frame) -> None:
        """Hand over one observation and the frame it is about, and return at once.

        Raises:
            OutputError: an earlier observation could not be written.
            ReaderGone: nobody reads any more.
        """

    def close(self) -> None:
        """Write what is still waiting, as far as that goes quickly, and close.

        Raises:
            OutputError: an observation could not be written.
        """
