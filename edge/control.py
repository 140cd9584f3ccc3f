"""What may be asked of a running daemon, from any thread: by MQTT, HTTP or a signal."""

from __future__ import annotations

import queue
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pause:
    """Stop looking, or go on. camera None: all of them."""

    paused: bool
    camera: str | None = None


@dataclass(frozen=True, slots=True)
class SwitchModel:
    """Use another model from the next frame on; one that cannot be loaded leaves the old one in place."""

    name: str


@dataclass(frozen=True, slots=True)
class Reload:
    """Read the configuration again."""


Command = Pause | SwitchModel | Reload


MOST = 64  # commands that may wait; who asks for more asks faster than anything can be done


class Control:
    """A box for commands, emptied by the daemon's main loop. What became of a command is an event."""

    def __init__(self) -> None:
        self._commands: queue.SimpleQueue[Command] = queue.SimpleQueue()

    def ask(self, command: Command) -> bool:
        """Whether the command was taken. Any thread, signal handlers too: returns at once."""
        # Not a queue with a bound of its own, whose lock a signal handler could find taken by its own thread.
        # Two threads at once may overstep the bound by one.
        if self._commands.qsize() >= MOST:
            return False
        self._commands.put(command)
        return True

    def next(self, timeout: float) -> Command | None:
        """The oldest command, after at most `timeout` seconds."""
        try:
            return self._commands.get(timeout=timeout)
        except queue.Empty:
            return None
