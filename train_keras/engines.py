"""Runs independent jobs in processes of this machine or as tasks of a Ray cluster.

Every job has a process of its own with a set number of threads, and its result depends on the job alone: so
either engine, and any number of workers, gives the same numbers.
"""

from __future__ import annotations

import multiprocessing
import os
import socket
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import Any, Protocol

from edge.errors import ConfigError, DependencyError, MienError
from train_keras.environment import prepare_tensorflow

Function = Callable[[Any, Any], Any]
ATTEMPTS = 3  # of a job whose process dies: killed for its memory, or with its machine
REACH_SECONDS = 5.0
RAY_PORT = 6379


class Engine(Protocol):
    """What runs jobs."""

    def run(self, function: Function, shared: Any, jobs: Sequence[Any]) -> Iterator[tuple[int, Any]]:
        """Call `function(shared, job)` for every job and yield each job's place and result when it is done.

        Args:
            function: of a module, by its name; what it takes and returns must pickle.
            shared: what all jobs read and none changes.
        Raises:
            MienError: a job's process died again and again.
            Exception: the first one a job raised, after all other jobs are done.
        """
        ...


@dataclass(frozen=True, slots=True)
class LocalEngine:
    """Processes of this machine.

    Attributes:
        workers: jobs at a time.
        cpus: threads of a job.
    """

    workers: int = 1
    cpus: int = 1

    def run(self, function: Function, shared: Any, jobs: Sequence[Any]) -> Iterator[tuple[int, Any]]:
        waiting, errors = dict(enumerate(jobs)), list[Exception]()
        for _ in range(ATTEMPTS):
            try:
                yield from self._round(function, shared, waiting, errors)
                break
            except BrokenProcessPool:
                continue
        else:
            raise _dead(len(waiting))
        if errors:
            raise errors[0]

    def _round(
        self, function: Function, shared: Any, waiting: dict[int, Any], errors: list[Exception]
    ) -> Iterator[tuple[int, Any]]:
        """Run what waits; it waits no longer once it is done."""
        # TensorFlow does not survive a fork.
        spawn = multiprocessing.get_context("spawn")
        pool = ProcessPoolExecutor(self.workers, spawn, max_tasks_per_child=1)
        try:
            places = {
                pool.submit(_call, function, shared, job, self.cpus): place for place, job in waiting.items()
            }
            for future in as_completed(places):
                place, error = places[future], future.exception()
                if isinstance(error, BrokenProcessPool):
                    raise error
                del waiting[place]
                if error is None:
                    yield place, future.result()
                elif isinstance(error, Exception):
                    errors.append(error)
                else:
                    raise error
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


@dataclass(frozen=True, slots=True)
class RayEngine:
    """Tasks of a Ray cluster, whose machines have mien installed and share the folders that jobs name.

    Attributes:
        address: HOST:PORT or ray://HOST:PORT of its head; None begins a cluster on this machine.
        cpus: cores, and so threads, of a job.
        gpus: of a job.
    """

    address: str | None = None
    cpus: int = 1
    gpus: float = 0

    def run(self, function: Function, shared: Any, jobs: Sequence[Any]) -> Iterator[tuple[int, Any]]:
        ray = _import_ray()
        if self.address is not None:
            _require_reachable(self.address)
        ours = not ray.is_initialized()
        if ours:
            _connect(ray, self.address)
        try:
            yield from self._tasks(ray, function, shared, jobs)
        finally:
            if ours:
                ray.shutdown()

    def _tasks(
        self, ray: Any, function: Function, shared: Any, jobs: Sequence[Any]
    ) -> Iterator[tuple[int, Any]]:
        task = ray.remote(
            num_cpus=self.cpus, num_gpus=self.gpus, max_calls=1, max_retries=ATTEMPTS - 1
        )(_call)  # fmt: skip
        stored, errors = ray.put(shared), list[Exception]()
        places = {task.remote(function, stored, job, self.cpus): place for place, job in enumerate(jobs)}
        while places:
            (ready,), _ = ray.wait(list(places), num_returns=1)
            place = places.pop(ready)
            try:
                result = ray.get(ready)
            except ray.exceptions.RayTaskError as error:
                errors.append(_cause(ray, error))
            except ray.exceptions.RayError as error:
                raise _dead(len(places) + 1) from error
            else:
                yield place, result
        if errors:
            raise errors[0]


def open_engine(
    name: str, address: str | None = None, workers: int = 1, cpus: int = 1, gpus: float = 0
) -> Engine:
    """The engine `local` or `ray`.

    Raises:
        ConfigError: another name, or an address for the local engine.
        DependencyError: Ray is wanted and not installed.
    """
    if name == "ray":
        _import_ray()
        return RayEngine(address, cpus, gpus)
    if name != "local":
        raise ConfigError(f"no engine '{name}': use local or ray")
    if address is not None:
        raise ConfigError(f"the local engine has no address ({address}): use it with --engine ray")
    return LocalEngine(workers, cpus)


def _call(function: Function, shared: Any, job: Any, threads: int) -> Any:
    """In the job's own process. TensorFlow reads these when it computes first."""
    for name in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
        os.environ[name] = str(threads)
    prepare_tensorflow()
    return function(shared, job)


def _import_ray() -> Any:
    # Ray reports its use to its makers unless told otherwise, and before it is imported.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        import ray
    except ImportError as error:
        raise DependencyError("the engine ray needs Ray: pip install 'mien[cluster]'") from error
    return ray


def _connect(ray: Any, address: str | None) -> None:
    options = {"log_to_driver": False, "logging_level": "ERROR"}
    if address is None:
        ray.init(address="local", include_dashboard=False, **options)
        return
    try:
        ray.init(address=address, **options)
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise ConfigError(f"no Ray cluster at {address}: {str(error).splitlines()[0]}") from error


def _cause(ray: Any, error: Any) -> Exception:
    """What a task raised, or why a machine could not even begin it."""
    if isinstance(error.cause, Exception) and not isinstance(error.cause, ray.exceptions.RayError):
        return error.cause
    reason = str(error.cause or error).splitlines()[0]
    return MienError(f"a machine of the cluster cannot run mien's jobs ({reason}): install mien[train] there")


def _require_reachable(address: str) -> None:
    """Ray itself tries for minutes and then ends the process."""
    host, colon, port = address.removeprefix("ray://").partition(":")
    if not host or (colon and not port.isdecimal()):
        raise ConfigError(f"address '{address}': give HOST:PORT or ray://HOST:PORT")
    try:
        socket.create_connection((host, int(port or RAY_PORT)), REACH_SECONDS).close()
    except (OSError, OverflowError) as error:
        raise ConfigError(
            f"no Ray cluster at {address} ({error}): begin one with `ray start --head`"
        ) from error


def _dead(count: int) -> MienError:
    return MienError(
        f"the process of a job died {ATTEMPTS} times, {count} jobs are not done: give it more memory or "
        "fewer workers, and call again; what is done is kept"
    )
