import os
import signal
import socket
import sys
from pathlib import Path

import pytest

from edge.errors import ConfigError, DependencyError, MienError
from train_keras.engines import ATTEMPTS, LocalEngine, RayEngine, open_engine


def describe(shared, job):
    return shared["factor"] * job, os.getpid(), os.environ["TF_NUM_INTRAOP_THREADS"]


def refuse_odd(shared, job):
    if job % 2:
        raise ConfigError(f"job {job} is odd")
    return job


def die_once(folder, job):
    """The process is killed the first time, as the kernel does when memory runs out."""
    marker = Path(folder) / f"begun-{job}"
    if not marker.exists():
        marker.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return f"second life of {job}"


def die(folder, job):
    (Path(folder) / f"{os.getpid()}").touch()
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.fixture(scope="module")
def cluster():
    """A real Ray cluster of two cores on this machine."""
    ray = pytest.importorskip("ray", reason="Ray is not installed: pip install 'mien[cluster]'")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patch.setenv("PYTHONPATH", str(Path(__file__).parent))  # its workers import this file
        ray.init(
            address="local", num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="ERROR"
        )
    yield
    ray.shutdown()


@pytest.fixture(params=["local", "ray"])
def engine(request):
    if request.param == "ray":
        request.getfixturevalue("cluster")
        return RayEngine()
    return LocalEngine(workers=2)


def test_every_job_is_done_in_a_process_of_its_own(engine):
    found = dict(engine.run(describe, {"factor": 10}, [1, 2, 3]))
    assert {place: result[0] for place, result in found.items()} == {0: 10, 1: 20, 2: 30}
    assert len({result[1] for result in found.values()} | {os.getpid()}) == 4
    assert {result[2] for result in found.values()} == {"1"}
    assert list(engine.run(describe, {}, [])) == []


def test_a_failed_job_does_not_stop_the_others(engine):
    found = []
    with pytest.raises(ConfigError) as raised:
        found.extend(engine.run(refuse_odd, None, [1, 2, 4]))
    assert sorted(found) == [(1, 2), (2, 4)]
    assert str(raised.value) == "job 1 is odd"


def test_a_killed_process_is_replaced(engine, tmp_path):
    found = dict(engine.run(die_once, str(tmp_path), ["a", "b"]))
    assert found == {0: "second life of a", 1: "second life of b"}


def test_a_job_that_kills_every_process_is_given_up(engine, tmp_path):
    with pytest.raises(MienError, match="died 3 times"):
        list(engine.run(die, str(tmp_path), ["a"]))
    assert len(list(tmp_path.iterdir())) == ATTEMPTS


@pytest.mark.parametrize("scheme", ["", "ray://"])
def test_unreachable_cluster_is_told_at_once(scheme):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound but not listening: nobody else takes it, nobody answers
        address = f"{scheme}127.0.0.1:{taken.getsockname()[1]}"
        pytest.importorskip("ray", reason="Ray is not installed: pip install 'mien[cluster]'")
        with pytest.raises(ConfigError, match=f"no Ray cluster at {address}.*ray start --head"):
            list(RayEngine(address).run(describe, {"factor": 1}, [1]))


@pytest.mark.parametrize("address", ["", "127.0.0.1:", "127.0.0.1:six", ":6379", "127.0.0.1:99999"])
def test_address_that_is_none(address):
    pytest.importorskip("ray", reason="Ray is not installed: pip install 'mien[cluster]'")
    with pytest.raises(ConfigError, match=r"HOST:PORT|no Ray cluster"):
        list(RayEngine(address).run(describe, {"factor": 1}, [1]))


def test_ray_is_asked_for_where_it_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(DependencyError, match=r"pip install 'mien\[cluster\]'"):
        open_engine("ray")


def test_open_engine():
    assert open_engine("local", workers=3, cpus=2) == LocalEngine(3, 2)
    with pytest.raises(ConfigError, match="no engine 'slurm'"):
        open_engine("slurm")
    with pytest.raises(ConfigError, match="--engine ray"):
        open_engine("local", address="head:6379")
