"""Headless Chromium through chromedriver's WebDriver protocol: the few calls the tests need."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import time
import urllib.request
from pathlib import Path
from typing import Any, Self

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
CHROMEDRIVER = shutil.which("chromedriver")
FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --disable-dev-shm-usage --window-size=1280,800"
)
PATIENCE = 30.0


class Browser:
    """One browser window with an empty profile in `folder`. A context manager."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __enter__(self) -> Self:
        self._driver = subprocess.Popen(
            [str(CHROMEDRIVER), "--port=0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        try:
            self._base = f"http://127.0.0.1:{self._driver_port()}/session"
            options = {"binary": CHROMIUM, "args": [*FLAGS.split(), f"--user-data-dir={self._folder}"]}
            wanted = {"goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}
            session = self._call("POST", "", {"capabilities": {"alwaysMatch": wanted}})
            self._base += f"/{session['sessionId']}"
        except BaseException:
            self._driver.terminate()
            raise
        return self

    def __exit__(self, *exc: object) -> None:
        self._call("DELETE", "")
        self._driver.terminate()
        self._driver.communicate()

    def open(self, url: str) -> None:
        self._call("POST", "/url", {"url": url})

    def leave(self) -> None:
        """Close the page before its server goes, and forget its console: the next test starts clean."""
        self.open("about:blank")
        self.console()

    def run(self, script: str) -> Any:
        """The value a script returns."""
        return self._call("POST", "/execute/sync", {"script": script, "args": []})

    def resize(self, width: int, height: int) -> None:
        """Lay the page out as on a screen of this size."""
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        command = {"cmd": "Emulation.setDeviceMetricsOverride", "params": metrics}
        self._call("POST", "/goog/cdp/execute", command)

    def press(self, selector: str, key: str) -> None:
        """Type a key where the first element that matches has the focus."""
        found = self._call("POST", "/element", {"using": "css selector", "value": selector})
        self._call("POST", f"/element/{next(iter(found.values()))}/value", {"text": key})

    def text(self, selector: str) -> str | None:
        """Text of the first element that matches; None where there is none."""
        return self.run(f"return document.querySelector({json.dumps(selector)})?.textContent ?? null")

    def wait(self, script: str) -> Any:
        """The first truthy value the script returns; AssertionError when none comes."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            if value := self.run(script):
                return value
            time.sleep(0.05)
        raise AssertionError(f"never true: {script}; the page says: {self.text('body')}")

    def console(self) -> list[dict[str, Any]]:
        """What was written to the console since the last call, errors of every source included."""
        return self._call("POST", "/se/log", {"type": "browser"})

    def _driver_port(self) -> int:
        assert self._driver.stdout is not None
        for line in self._driver.stdout:
            if found := re.search(r"started successfully on port (\d+)", line):
                return int(found[1])
        raise AssertionError("chromedriver did not start")

    def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self._base + path, data, method=method)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)["value"]
