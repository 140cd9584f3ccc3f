"""The view in a real pseudo-terminal, and its screens at every size."""

from __future__ import annotations

import os
import pty
import re
import struct
import subprocess
import sys
import termios
import time
from fcntl import ioctl
from pathlib import Path

import numpy as np
import pytest
from observing import frame_of, observation_of
from rich.cells import cell_len

from edge.bus import Bus
from edge.outputs.halfblock import picture
from edge.outputs.screen import Scene, draw
from edge.outputs.terminal import TerminalView

HERE = Path(__file__).parent
PATH = f"{HERE.parents[2]}{os.pathsep}{HERE}"  # with PYTHONSAFEPATH, a script's own folder is not on its path
ENTER, LEAVE = "\x1b[?1049h", "\x1b[?1049l"
ESCAPE = re.compile(r"\x1b\[[\d;?]*[a-zA-Z]")


def run_in_terminal(*arguments: str, columns: int = 80, lines: int = 24, term: str = "xterm-256color") -> str:
    """Everything terminal_session.py writes to a terminal of that size."""
    ours, theirs = pty.openpty()
    ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
    environment = {**os.environ, "TERM": term, "COLORTERM": "truecolor", "PYTHONPATH": PATH}
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES"):
        environment.pop(name, None)
    command = [sys.executable, str(HERE / "terminal_session.py"), *arguments]
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment) as process:
        os.close(theirs)
        output = bytearray()
        while True:
            try:
                output += os.read(ours, 65536)
            except OSError:  # how a pseudo-terminal says that the other end is closed
                break
    os.close(ours)
    assert process.returncode == 0, output.decode()
    return output.decode()


@pytest.mark.parametrize("arguments", [(), ("--forget",)])
def test_shows_labels_and_gives_the_terminal_back(arguments: tuple[str, ...]) -> None:
    output = run_in_terminal(*arguments)
    before, _, rest = output.partition(ENTER)
    screens, _, after = rest.rpartition(LEAVE)
    assert before.strip() == ""
    assert "?25l" in screens
    assert "?25h" in output[output.rfind("?25l") :]
    text = ESCAPE.sub("", screens)
    assert "happy 70%" in text
    assert "sad 70%" in text
    assert "page http://127.0.0.1:8642/" in text
    # Within the view messages stand in lines of its own: no line break could have scrolled it.
    assert "logged in between" in text
    assert "\n" not in screens
    # Afterwards they are on the terminal as if there had been no view.
    assert "logged in between\r\nwritten by a C library" in after


def test_refreshes_at_most_ten_times_a_second() -> None:
    began = time.monotonic()
    output = run_in_terminal()
    assert 2 < output.count("\x1b[1;1H") <= 10 * (time.monotonic() - began)


def test_leaves_a_dumb_terminal_alone() -> None:
    output = run_in_terminal(term="dumb")
    assert "\x1b" not in output
    assert "logged in between" in output


def test_does_nothing_without_a_terminal() -> None:
    script = str(HERE / "terminal_session.py")
    environment = {**os.environ, "PYTHONPATH": PATH}
    done = subprocess.run(
        [sys.executable, script], capture_output=True, text=True, env=environment, check=True
    )
    assert done.stdout == ""
    assert done.stderr == "logged in between\nwritten by a C library\n"


@pytest.mark.parametrize(("width", "height"), [(80, 24), (120, 40), (200, 60), (59, 20), (40, 12), (20, 5)])
@pytest.mark.parametrize("faces", [0, 1, 2, 9])
@pytest.mark.parametrize("colours", ["truecolor", "256", "standard", None])
def test_screens_fit(width: int, height: int, faces: int, colours: str | None) -> None:
    observation = observation_of(1, faces=faces)
    scene = Scene("a camera with a name longer than some screens are wide", now=100.0, fps=25.0, latency=0.02)
    scene.observation, scene.frame = observation, frame_of(1)
    scene.messages = ["a message " * 30] * 5
    scene.history.add(observation, 90.0)
    scene.history.add(observation, 100.0)
    lines = draw(scene, width, height, colours)
    assert len(lines) == height
    for beginning, text in lines:
        assert cell_len(ESCAPE.sub("", beginning)) + text.cell_len <= width


def test_screen_before_the_first_frame() -> None:
    text = "\n".join(text.plain for _, text in draw(Scene("demo"), 80, 24, "truecolor"))
    assert "waiting for the first frame" in text
    assert "0.0 fps" in text


def test_unsure_is_said() -> None:
    scene = Scene("demo", observation=observation_of(1, abstained=True, mask_state=None), frame=frame_of(1))
    text = "\n".join(text.plain for _, text in draw(scene, 80, 24, None))
    assert "#0 unsure" in text
    assert "closest: happiness 70%" in text
    assert "mask not checked" in text


def test_history_strip_shows_what_was_when() -> None:
    scene = Scene("demo", now=130.0, observation=observation_of(3), frame=frame_of(3))
    for second in range(100, 131):
        label = "sad" if second < 115 else "happy"
        for tenth in range(10):
            scene.history.add(observation_of(3, label=label), second + tenth / 10)
    strip = next(text.plain for _, text in draw(scene, 82, 24, None) if text.plain.startswith(" sad"))
    assert strip.index("happy") == pytest.approx(41, abs=2)


def test_picture_keeps_colours_in_place() -> None:
    image = np.zeros((40, 80, 3), np.uint8)
    image[:20, :, 2] = 200  # the upper half is red in BGR
    upper, lower = picture(image, (10, 2), [], truecolor=True)
    assert upper == "\x1b[38;2;200;0;0m\x1b[48;2;200;0;0m" + "▀" * 10 + "\x1b[0m"
    assert lower == "\x1b[38;2;0;0;0m\x1b[48;2;0;0;0m" + "▀" * 10 + "\x1b[0m"


def test_close_without_start() -> None:
    TerminalView(Bus(), "test").close()
