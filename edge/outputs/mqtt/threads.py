"""Threads that a stopping process does not wait for."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, ParamSpec, TypeVar

logger = logging.getLogger(__name__)
P = ParamSpec("P")
T = TypeVar("T")


class DaemonThreads(ThreadPoolExecutor):
    """Runs each call in a daemon thread of its own.

    asyncio's own pool is joined when Python ends, and a connection to a broker behind a dead network, or the
    look-up of its name, can take half a minute.
    """

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        future: Future[T] = Future()

        def work() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                future.set_result(fn(*args, **kwargs))
            except BaseException as error:  # whoever waits for the future gets it
                future.set_exception(error)

        threading.Thread(target=work, name="mqtt-connect", daemon=True).start()
        return future


class LoopThread:
    """A thread with an asyncio loop, for a conversation with a broker.

    Args:
        name: of the thread.
        live: what it does; it ends with that.
    """

    def __init__(self, name: str, live: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self._live = live
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    @property
    def started(self) -> bool:
        return self._loop is not None

    def start(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread.start()

    def call(self, callback: Callable[[], object]) -> None:
        """Have the loop call it, from any thread. Nothing before the start and after the end."""
        with contextlib.suppress(RuntimeError):  # ended
            if self._loop is not None:
                self._loop.call_soon_threadsafe(callback)

    def join(self, seconds: float) -> None:
        """Wait for the end, so long at most."""
        self._thread.join(seconds)

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop or asyncio.new_event_loop()) as runner:
            loop = runner.get_loop()
            loop.set_default_executor(DaemonThreads())
            # A connection that breaks while it is given up has a future nobody asks; that is no news.
            loop.set_exception_handler(lambda _, context: logger.debug("%s", context))
            runner.run(self._live())
