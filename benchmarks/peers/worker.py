"""A peer at work in its own environment, asked in JSON lines."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.peers.catalogue import Peer
from benchmarks.peers.venvs import FOLDER, PeerError, last_words, python_of

WORKERS = Path(__file__).parent / "workers"
ROOT = Path(__file__).parents[2]
PATIENCE = 300.0  # seconds for a peer to get ready, or to answer
ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")
NOWHERE = "http://127.0.0.1:9"  # a peer gets no network: its weights are in its packages, or it cannot run


class Worker:
    """A process that does one peer's work.

    Args:
        peer: which.
        known: the values of the words in braces, and of `faces`, `frames` and `fps`.
        folder: of the environments.
    Attributes:
        about: what the peer says of itself.
    Raises:
        PeerError: it cannot take part.
    """

    def __init__(self, peer: Peer, known: Mapping[str, Any], folder: Path = FOLDER) -> None:
        self.name = peer.name
        given = {"faces": known["faces"], "frames": known["frames"], "fps": known["fps"]}
        options = {**given, **filled(peer.options, known)}
        python = sys.executable if peer.environment is None else str(python_of(peer.environment, folder))
        home = folder / "home"  # so that no peer writes into its user's
        home.mkdir(parents=True, exist_ok=True)
        self._log = folder / f"{peer.worker}.log"
        path = [str(WORKERS)] if peer.environment else [str(WORKERS), str(ROOT)]
        environment = {
            "PATH": os.environ.get("PATH", ""),
            "PYTHONPATH": os.pathsep.join(path),
            "HOME": str(home.resolve()),
            "TF_CPP_MIN_LOG_LEVEL": "2",
            **dict.fromkeys(ONE_THREAD, "1"),
            **dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), NOWHERE),
        }
        with self._log.open("w") as log:
            self._process = subprocess.Popen(
                [python, str(WORKERS / f"{peer.worker}.py"), json.dumps(options)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env=environment,
                text=True,
            )
        try:
            told = self._read()
        except PeerError:
            self.close()
            raise
        self.about: str = told["ready"]

    def turn(self, seconds: float) -> Sequence[float]:
        """Seconds that each call took, for so many seconds.

        Raises:
            PeerError: it ended.
        """
        took: list[float] = self._ask(seconds=seconds)["took"]
        return took

    def answers(self) -> list[list[float]]:
        """Probabilities of all faces, [N][7].

        Raises:
            PeerError: it ended.
        """
        told: list[list[float]] = self._ask(answers=True)["answers"]
        return told

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.communicate()

    def _ask(self, **asked: Any) -> dict[str, Any]:
        assert self._process.stdin is not None
        try:
            print(json.dumps(asked), file=self._process.stdin, flush=True)
        except BrokenPipeError as error:
            raise PeerError(self._ended()) from error
        return self._read()

    def _read(self) -> dict[str, Any]:
        answers = self._process.stdout
        assert answers is not None
        # Every answer is one line to one question, so nothing waits in the file's buffer here.
        if not select.select([answers], [], [], PATIENCE)[0]:
            raise PeerError(f"gave no answer for {PATIENCE:.0f} seconds")
        line = answers.readline()
        if not line:
            raise PeerError(self._ended())
        told: dict[str, Any] = json.loads(line)
        if "error" in told:
            raise PeerError(told["error"])
        return told

    def _ended(self) -> str:
        code = self._process.wait()
        return f"ended with {code}: {last_words(self._log.read_text(errors='replace'))}"


def filled(options: Mapping[str, Any], known: Mapping[str, Any]) -> dict[str, Any]:
    """Options with the words in braces filled in.

    >>> filled({"model": "{int8}/model.tflite", "adaptive": True}, {"int8": "runs/slim/int8"})
    {'model': 'runs/slim/int8/model.tflite', 'adaptive': True}
    """
    return {key: value.format(**known) if isinstance(value, str) else value for key, value in options.items()}
