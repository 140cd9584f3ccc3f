"""The live view in a terminal."""

from __future__ import annotations

import atexit
import threading
import time
from collections import deque

from rich.console import Console
from rich.text import Text

from edge.bus import Bus
from edge.outputs.history import PERIOD_SECONDS, History
from edge.outputs.screen import Scene, draw
from edge.outputs.stderr_tap import StderrTap

REFRESH_SECONDS = 0.125
IDLE_SECONDS = 1.0  # a view without new frames still shows its frame rate fall
RATES = 16


class TerminalView:
    """Shows the newest observation on the whole terminal, at most eight times a second.

    It asks the bus for the newest, in a thread of its own. Does nothing where standard output is no terminal.

    Args:
        bus: where observations are.
        camera: the camera to show.
        page: address of the web page, for the footer; None when there is none.
    """

    failure = None

    def __init__(self, bus: Bus, camera: str, page: str | None = None) -> None:
        self._bus, self._camera = bus, camera
        self._page = page
        self._console = Console()
        self._tap = StderrTap()
        self._history = History()
        self._rates: deque[float] = deque(maxlen=RATES)
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Take over the terminal."""
        if not self._console.is_terminal or self._console.is_dumb_terminal:
            return
        self._tap.start()
        self._thread = threading.Thread(target=self._run, name="mien-terminal", daemon=True)
        self._thread.start()
        # A terminal left in its alternate screen is useless, so give it back however Python ends.
        atexit.register(self.close)

    def close(self) -> None:
        """Give the terminal back as it was, then what was logged meanwhile. Safe to call twice."""
        thread, self._thread = self._thread, None
        if thread is None:
            return
        self._stop.set()
        thread.join()
        self._tap.close()
        atexit.unregister(self.close)

    def _run(self) -> None:
        shown, drawn, sampled = -1, 0.0, time.monotonic()
        with self._console.screen():
            while not self._stop.wait(REFRESH_SECONDS):
                now = time.monotonic()
                count = self._bus.rates(self._camera).count
                if count == shown and now - drawn < IDLE_SECONDS:
                    continue
                shown, drawn = count, now
                scene = self._scene(now)
                if now - sampled >= PERIOD_SECONDS / RATES:
                    sampled = now
                    self._rates.append(scene.fps)
                width, height = self._console.size
                self._write(draw(scene, width, height, self._console.color_system))

    def _write(self, lines: list[tuple[str, Text]]) -> None:
        """Put a screen out in one piece, over the old one: nothing is cleared first, so nothing flickers."""
        output = []
        for row, (beginning, text) in enumerate(lines, start=1):
            with self._console.capture() as styled:
                self._console.print(text, end="", soft_wrap=True)
            output.append(f"\x1b[{row};1H{beginning}{styled.get()}\x1b[K")
        self._console.file.write("".join(output))
        self._console.file.flush()

    def _scene(self, now: float) -> Scene:
        newest, rates = self._bus.newest(self._camera), self._bus.rates(self._camera)
        scene = Scene(
            self._camera,
            now,
            fps=rates.fps,
            latency=rates.p50,
            rates=list(self._rates),
            history=self._history,
        )
        scene.messages, scene.page = self._tap.lines, self._page
        if newest is not None:
            scene.observation, scene.frame = newest
            self._history.add(newest[0], now)
        return scene
