"""What every worker does: make itself ready, then answer one JSON line with another until there are no more.

It needs nothing installed, so that it runs in every peer's environment. Asked for {"seconds": s} it calls its
step for so long and tells what each call took; asked for {"answers": true} it tells how it reads the faces.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any, NamedTuple

FEWEST_CALLS = 3
WARM_UP = 0.1  # of the time


class Work(NamedTuple):
    """What a worker does.

    Attributes:
        step: one call, of the next face or frame.
        answers: probabilities of all faces, [N][7]; None for one that does not read faces alone.
        about: versions and whatever else is to be told.
    """

    step: Callable[[], object]
    answers: Callable[[], list[list[float]]] | None
    about: str


def serve(make: Callable[[dict[str, Any]], Work]) -> None:
    """Answer until standard input ends.

    Args:
        make: of the options, which stand on the command line as JSON: those of the catalogue, and `faces` and
            `frames`, paths of .npy files, uint8 [N, S, S] and uint8 [N, H, W, 3].
    """
    # Libraries print whatever they like: standard output is for the answers alone.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)

    def say(**told: Any) -> None:
        print(json.dumps(told), file=answers, flush=True)

    try:
        work = make(json.loads(sys.argv[1]))
        work.step()
    except Exception as error:  # whatever a foreign package raises is the reason why it cannot take part
        text = " ".join(str(error).split())
        say(error=f"{type(error).__name__}: {text}")
        return
    say(ready=work.about, answers=work.answers is not None)
    for line in sys.stdin:
        asked = json.loads(line)
        if asked.get("answers"):
            assert work.answers is not None
            say(answers=work.answers())
        else:
            say(took=timed(work.step, asked["seconds"]))


def timed(step: Callable[[], object], seconds: float) -> list[float]:
    """Seconds of each call, for so many seconds, after a tenth of them to get warm."""
    begin = time.perf_counter()
    while True:
        step()
        if time.perf_counter() >= begin + WARM_UP * seconds:
            break
    took: list[float] = []
    begin = before = time.perf_counter()
    while before < begin + seconds or len(took) < FEWEST_CALLS:
        step()
        now = time.perf_counter()
        took.append(now - before)
        before = now
    return took
