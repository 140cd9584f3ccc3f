"""A stand-in for picamera2: the calls mien uses, with the real ones' arguments, threads and memory layout.

FAKE_PICAMERA2 is what its cameras do, words apart from one another: "red" or "blue" is what they see (grey
without), "hang" makes frames end after the third, "seize" makes the call for the fourth hold up all of
Python, "none" and "busy" are what they say.
"""

import ctypes
import os
import threading
import time
from concurrent.futures import Future

import numpy as np

BEHAVIOUR = os.environ.get("FAKE_PICAMERA2", "").split()
SCENES = {"red": (255, 0, 0), "blue": (0, 0, 255)}  # red, green, blue
FRAMES_BEFORE_END = 3
# libcamera names a format after a little-endian word: its last letter is the first byte in memory.
MEMORY_ORDER = {"RGB888": "BGR", "BGR888": "RGB", "XBGR8888": "RGBX", "XRGB8888": "BGRX"}


class Job:
    """An operation the camera's thread performs with the next frame."""

    def __init__(self, function, signal_function):
        self._function, self._signal_function = function, signal_function
        self._future = Future()

    def execute(self, request):
        self._future.set_result(self._function(request))
        if self._signal_function:
            self._signal_function(self)

    def get_result(self, timeout=None):
        return self._future.result(timeout)


class Picamera2:
    @staticmethod
    def global_camera_info():
        return [] if "none" in BEHAVIOUR else [{"Model": "imx708", "Id": "/base/i2c", "Num": 0}]

    def __init__(self, camera_num=0, tuning=None):
        if "busy" in BEHAVIOUR:
            raise RuntimeError("Camera __init__ sequence did not complete.")
        self._jobs = []
        self._lock = threading.Lock()
        self._config = None
        self._running = False
        self._asked = 0

    def create_video_configuration(
        self, main=None, lores=None, raw=None, buffer_count=6, controls=None, queue=True
    ):
        main = {"format": "XBGR8888", "size": (1280, 720)} | (main or {})
        if main["format"] not in MEMORY_ORDER:
            raise RuntimeError("Unrecognised format")
        limits = {"FrameDurationLimits": (33333, 33333)} | (controls or {})
        return {"use_case": "video", "main": main, "controls": limits, "queue": queue}

    def configure(self, camera_config="preview"):
        self._config = camera_config

    def start(self, config=None, show_preview=False):
        self._running = True
        self._thread = threading.Thread(target=self._event_loop, daemon=True)
        self._thread.start()

    def capture_array(self, name="main", wait=None, signal_function=None):
        self._asked += 1
        if "seize" in BEHAVIOUR and self._asked > FRAMES_BEFORE_END:
            ctypes.PyDLL(None).sleep(3600)  # unlike CDLL, without letting other threads run
        job = Job(lambda request: request, signal_function)
        with self._lock:
            self._jobs.append(job)
        if wait is None:
            wait = signal_function is None
        return job.get_result() if wait else job

    def stop(self):
        self._running = False
        self._thread.join()

    def close(self):
        pass

    def _event_loop(self):
        given = 0
        while self._running:
            time.sleep(self._config["controls"]["FrameDurationLimits"][0] / 1e6)
            if "hang" in BEHAVIOUR and given == FRAMES_BEFORE_END:
                continue
            with self._lock:
                jobs, self._jobs = self._jobs, []
            for job in jobs:
                given += 1
                job.execute(self._expose())

    def _expose(self):
        scene = next((SCENES[word] for word in BEHAVIOUR if word in SCENES), (90, 90, 90))
        channels = dict(zip("RGB", scene, strict=True)) | {"X": 255}
        width, height = self._config["main"]["size"]
        order = MEMORY_ORDER[self._config["main"]["format"]]
        return np.full((height, width, len(order)), [channels[letter] for letter in order], np.uint8)
