import json
import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from edge.errors import ConfigError

ROOT = Path(__file__).parents[2]
QUIET = ("--jsonl", "-", "--no-http")


def observations(output: str) -> list[dict]:
    events = [json.loads(line) for line in output.splitlines()]
    return [event for event in events if event["schema"].startswith("mien.observation/")]


def frames_of(output: str) -> list[int]:
    return [event["frame"] for event in observations(output)]


def test_max_frames_of_the_demo_and_nothing_else_on_standard_output(clip, bundle, mien):
    done = mien("run", *QUIET, "--max-frames", 5)
    assert done.returncode == 0, done.stderr
    assert frames_of(done.stdout) == [0, 1, 2, 3, 4]


def test_a_clip_without_page_is_processed_whole_and_ends_well(short_clip, bundle, mien):
    done = mien("run", "--camera", short_clip, *QUIET)
    assert done.returncode == 0, done.stderr
    assert frames_of(done.stdout) == list(range(12))


def test_a_recording_without_viewer_is_looked_at_fully_in_every_frame(short_clip, bundle, mien):
    done = mien("run", "--camera", short_clip, *QUIET)
    assert [event["look"] for event in observations(done.stdout)] == ["full"] * 12


def test_what_is_found_at_an_interval_does_not_depend_on_the_time_it_takes(short_clip, bundle, mien):
    runs = [mien("run", "--camera", short_clip, *QUIET, "--interval", 3).stdout for _ in range(2)]
    first, second = (observations(run) for run in runs)
    assert len(first) == 12
    assert {event["look"] for event in first} > {"full"}
    for one, other in zip(first, second, strict=True):
        assert (one["look"], one["faces"]) == (other["look"], other["faces"])


def test_an_interval_that_is_none_is_refused(bundle, mien):
    done = mien("run", "--interval", "sometimes")
    assert "detector.interval = 'sometimes' (flag)" in done.stderr
    assert done.returncode == ConfigError.exit_code


def test_a_folder_is_processed_whole_though_an_image_is_damaged(photos, bundle, mien):
    done = mien("run", "--camera", photos, *QUIET)
    assert done.returncode == 0, done.stderr
    assert frames_of(done.stdout) == [0, 1, 2]
    assert "bad.jpg" in done.stderr


def test_the_newest_frame_may_be_asked_for(short_clip, bundle, mien):
    done = mien("run", "--camera", short_clip, *QUIET, "--newest-frame")
    assert done.returncode == 0, done.stderr
    frames = frames_of(done.stdout)
    assert frames == sorted(set(frames))
    assert set(frames) <= set(range(12))


def test_a_loop_goes_on_beyond_the_clip(short_clip, bundle, mien):
    done = mien("run", "--camera", short_clip, *QUIET, "--loop", "--max-frames", 30)
    assert frames_of(done.stdout) == list(range(30))


def test_events_go_to_a_file_while_the_page_is_served(short_clip, bundle, mien, tmp_path):
    path = tmp_path / "events.jsonl"
    done = mien("run", "--camera", short_clip, "--jsonl", path, "--http", "127.0.0.1:0", "--max-frames", 3)
    assert done.returncode == 0, done.stderr
    assert frames_of(path.read_text()) == [0, 1, 2]
    assert "page at http://127.0.0.1:" in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("outputs", [("--no-http",), ("--http", "127.0.0.1:0")])
def test_a_signal_stops_it_cleanly(clip, bundle, number, outputs):
    command = [sys.executable, "-m", "edge.cli", "run", "--loop", "--jsonl", "-", *outputs]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT, start_new_session=True
    )
    assert process.stdout is not None
    first = process.stdout.readline()
    process.send_signal(number)
    rest, errors = process.communicate(timeout=30)
    assert process.returncode == 0, errors
    assert "Traceback" not in errors
    frames = frames_of(first + rest)
    assert frames == sorted(frames)


def test_a_signal_stops_it_though_nobody_reads_its_output(clip, bundle):
    command = [sys.executable, "-m", "edge.cli", "run", "--loop", *QUIET]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT)
    assert process.stdout is not None
    select.select([process.stdout], [], [], 60)
    process.terminate()
    assert process.wait(30) == 0
    process.communicate()


def test_a_reader_that_goes_ends_it_without_complaint(clip, bundle):
    reading, writing = os.pipe()
    command = [sys.executable, "-m", "edge.cli", "run", "--loop", *QUIET]
    process = subprocess.Popen(command, stdout=writing, stderr=subprocess.PIPE, text=True, cwd=ROOT)
    os.close(writing)
    select.select([reading], [], [], 60)
    os.close(reading)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert "Traceback" not in errors
