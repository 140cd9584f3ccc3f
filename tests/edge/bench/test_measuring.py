"""The measurements on the shipped models and a short clip: that they hold together, not how fast it is."""

from __future__ import annotations

import shutil
import threading

import pytest

from benchmarks.service.camera import FailingCamera, clip_pictures
from edge.bench.agreement import agreement
from edge.bench.classify import measure_classify
from edge.bench.context import begin
from edge.bench.detect import measure_detect
from edge.bench.pipeline import EVERY, SELDOM, measure_pipeline, measure_way
from edge.bench.stretch import CALL, Plan
from edge.bench.sweep import Grid, measure_sweep
from edge.errors import CameraMissingError, FileUnreadableError, NotAPictureError
from edge.settings import CameraConfig, Settings

CALLS = 12
PLAN = Plan(seconds=0.1, calls=CALLS)


def ignore(*_):
    """Progress nobody looks at."""


def run(source="demo", plan=PLAN, report=ignore, **settings):
    return begin(
        Settings(camera=CameraConfig(source=str(source), stall_seconds=1.0), **settings), plan, report
    )


def holds_together(result):
    latency = result.timing.latency_seconds
    assert 0 < latency.p50 <= latency.p90 <= latency.p99 <= latency.max
    assert result.timing.calls >= CALLS
    assert result.timing.achieved_fps > 0
    assert result.cold.load_seconds > 0
    assert result.cold.first_call_seconds > 0
    assert result.record.rss_bytes.peak > 10_000_000
    assert result.clean == (not result.reasons)
    assert result.short
    return result


def test_classify(bundle):
    result = holds_together(measure_classify(run()))
    assert (result.model.name, result.model.version) == (bundle.manifest.name, bundle.manifest.version)
    assert result.model.sha256 == bundle.manifest.sha256["model.tflite"]
    assert result.pictures is None


def test_detect(clip):
    result = holds_together(measure_detect(run()))
    assert result.detector.name == "facet"
    assert (result.pictures.width, result.pictures.height) == (640, 360)
    assert result.pictures.faces_per_frame >= 0.9
    assert result.model is None


def test_a_detector_from_no_bundle_is_told_too(short_clip):
    pytest.importorskip("dlib")
    settings = Settings(camera=CameraConfig(source=str(short_clip)))
    hog = settings.detector.model_copy(update={"name": "hog"})
    result = measure_detect(begin(settings.model_copy(update={"detector": hog}), Plan(0.0, 2), ignore))
    assert (result.detector.name, result.detector.version, result.detector.sha256) == ("hog", None, None)


def test_the_way_of_a_frame_as_fast_as_it_goes(clip, bundle):
    every, seldom = (holds_together(one) for one in measure_pipeline(run(), realtime=False))
    assert (every.name, seldom.name) == (EVERY, SELDOM)
    assert every.looks == {"full": 1.0}
    assert seldom.looks["full"] < 0.5
    assert (every.interval, seldom.interval) == (1, 12)
    assert set(every.stages_seconds) == {"decode", "detect", "classify", "rest", "capture_to_event"}
    assert every.stages_seconds["detect"].p50 < every.timing.latency_seconds.p50
    assert every.overtaken is None
    assert not every.pictures.paced


def test_at_its_own_pace_frames_wait(short_clip, bundle):
    every, seldom = measure_pipeline(run(short_clip), realtime=True)
    for result in (every, seldom):
        assert set(result.stages_seconds) == {"queue", "detect", "classify", "rest", "capture_to_event"}
        latencies = result.stages_seconds
        assert latencies["queue"].max <= latencies["capture_to_event"].max
        assert result.pictures.paced
        assert result.overtaken >= 0
        assert result.timing.achieved_fps <= 12 * 1.2  # the clip has 12 frames a second
    assert seldom.interval == "auto"


def test_pictures_of_a_folder(photos, bundle):
    result = measure_way(run(photos), EVERY, 1, realtime=False)
    assert result.pictures.camera == "photos"
    assert result.timing.calls >= CALLS


def test_a_clip_that_goes_away_ends_it_with_a_line(short_clip, bundle, tmp_path):
    clip = tmp_path / "mine.avi"
    shutil.copy(short_clip, clip)

    def take_away(name, share):
        clip.unlink(missing_ok=True)

    with pytest.raises(FileUnreadableError, match=r"mine\.avi ended while it was measured"):
        measure_way(run(clip, Plan(1, 100_000), take_away), EVERY, 1, realtime=False)


def test_a_camera_that_goes_away_ends_it_with_a_line(clip, bundle):
    with FailingCamera(clip_pictures()) as camera:
        pulled = threading.Event()

        def pull(name, share):
            if not pulled.is_set():
                pulled.set()
                camera.go()

        with pytest.raises(CameraMissingError, match="gave no more frames while it was measured"):
            measure_way(run(camera.url, Plan(1, 100_000), pull), EVERY, 1, realtime=False)


def test_what_is_no_video_is_refused(tmp_path):
    (tmp_path / "film.mp4").write_text("no film")
    with pytest.raises(NotAPictureError):
        measure_detect(run(tmp_path / "film.mp4"))


def test_a_sweep_measures_every_combination_in_the_grids_order(short_clip, bundle):
    grid = Grid(["slim", "slim_fine"], [1, 2], [64], [1, 12])
    results = measure_sweep(run(short_clip, Plan(0.0, 3)), grid)
    seen = [(one.model.name, one.model_threads, one.longest_side, one.interval) for one in results]
    assert seen == list(grid)
    assert len(seen) == len(grid) == len({one.name for one in results}) == 8
    assert {one.vision_threads for one in results} == {1, 2}


def test_looking_seldom_agrees_with_looking_always_on_the_demo(clip):
    assert agreement(Settings()) >= 0.95


def test_a_step_is_timed_within_what_the_observation_says(short_clip, bundle):
    result = measure_way(run(short_clip), EVERY, 1, realtime=False)
    assert CALL not in result.stages_seconds
    parts = sum(result.stages_seconds[stage].p50 for stage in ("detect", "classify", "rest"))
    assert parts <= result.timing.latency_seconds.max
