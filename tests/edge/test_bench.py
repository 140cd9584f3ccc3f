import json


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
    assert figures["clip"]["faces_per_frame"] >= 0.9
    assert figures["machine"]["model_threads"] == 1
    assert figures["rss_bytes"] > 10_000_000
    assert 0 < figures["start"]["import_seconds"] < figures["start"]["first_observation_seconds"]
    assert figures["start"]["daemon_rss_bytes"] > 10_000_000
    assert figures["model"]["name"] == bundle.manifest.name
    assert "whole way of a frame" in done.stdout


def test_figures_that_cannot_be_written(clip, bundle, mien, tmp_path):
    done = mien("bench", "--seconds", 0.1, "--json", tmp_path / "no/where.json")
    assert done.returncode == 40
