import json

import numpy as np

from edge.bench import same_faces
from edge.types import Face


def test_figures(clip, bundle, mien, tmp_path):
    path = tmp_path / "bench.json"
    done = mien("bench", "--seconds", 1, "--threads", 1, "--json", path)
    assert done.returncode == 0, done.stderr
    figures = json.loads(path.read_text())
    for step in ("classify", "pipeline", "detect", "decode"):
        latency = figures[step]["latency_seconds"]
        assert 0 < latency["p50"] <= latency["p90"] <= latency["p99"]
        assert figures[step]["fps"] > 0
        assert figures[step]["samples"] >= 100
    assert figures["pipeline"]["latency_seconds"]["p50"] > figures["detect"]["latency_seconds"]["p50"]
    adaptive = figures["adaptive"]
    for step in ("pipeline", "detect"):
        assert 0 < adaptive[step]["latency_seconds"]["p50"] <= adaptive[step]["latency_seconds"]["p99"]
        assert adaptive[step]["samples"] == figures[step]["samples"]
    assert adaptive["interval"] > 1
    assert 0 < adaptive["full_looks"] < 1
    assert adaptive["agreement"] >= 0.9
    assert figures["clip"]["faces_per_frame"] >= 0.9
    assert figures["machine"]["model_threads"] == 1
    assert figures["rss_bytes"] > 10_000_000
    assert 0 < figures["start"]["import_seconds"] < figures["start"]["first_observation_seconds"]
    assert figures["start"]["daemon_rss_bytes"] > 10_000_000
    assert figures["model"]["name"] == bundle.manifest.name
    assert "whole way of a frame" in done.stdout


def test_an_interval_may_be_chosen(clip, bundle, mien, tmp_path):
    path = tmp_path / "bench.json"
    assert mien("bench", "--seconds", 0.1, "--interval", 2, "--json", path).returncode == 0
    adaptive = json.loads(path.read_text())["adaptive"]
    assert adaptive["interval"] == 2
    assert 0.4 <= adaptive["full_looks"] <= 0.7


def test_the_same_faces_in_any_order():
    one, other = (Face(np.float32([x, 0, x + 10, 10]), 0.9) for x in (0, 100))
    near = Face(np.float32([2, 1, 12, 11]), 0.8)
    assert same_faces([], [])
    assert same_faces([one, other], [other, near])
    assert not same_faces([one], [])
    assert not same_faces([one], [other])
    assert not same_faces([one], [one, other])
    assert not same_faces([one, other], [one, near])


def test_figures_that_cannot_be_written(clip, bundle, mien, tmp_path):
    done = mien("bench", "--seconds", 0.1, "--json", tmp_path / "no/where.json")
    assert done.returncode == 40
