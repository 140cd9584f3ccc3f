"""The page in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import CHROMEDRIVER, CHROMIUM, Browser
from observing import MARGIN, WIDTH, Publisher
from serving import PATIENCE, Served

from edge.control import Pause, SwitchModel
from edge.events import CameraEvent, ModelEvent

pytestmark = pytest.mark.skipif(
    CHROMIUM is None or CHROMEDRIVER is None, reason="no chromium with chromedriver (make test-deps)"
)

LABEL = "document.querySelector('.person .label')?.textContent"
# Where the white square in the picture is, and the box drawn around it, in pixels of the canvas. The chip
# with the label has the box's colour too, so the box is looked for beside and below the square.
PLACES = """
const stage = document.getElementById("stage");
const {width, height} = stage;
const context = new OffscreenCanvas(width, height).getContext("2d", {willReadFrequently: true});
context.drawImage(stage, 0, 0);
const {data} = context.getImageData(0, 0, width, height);
const pick = (wanted) => {
  const xs = [], ys = [];
  for (let n = 0; n < data.length; n += 4) {
    if (!wanted(data[n], data[n + 1], data[n + 2])) continue;
    xs.push(n / 4 % width);
    ys.push(Math.floor(n / 4 / width));
  }
  return {xs, ys, bottom: ys.reduce((a, b) => Math.max(a, b), 0)};
};
const square = pick((r, g, b) => r > 220 && g > 220 && b > 220);
const box = pick((r, g, b) => r > 230 && g > 170 && g < 215 && b < 110);
const beside = box.xs.filter((x, n) => box.ys[n] > box.bottom - 20);
const middle = (values) => (Math.min(...values) + Math.max(...values)) / 2;
return square.xs.length && box.xs.length && {
  width, square: [middle(square.xs), square.bottom], box: [middle(beside), box.bottom],
};
"""


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with Browser(tmp_path_factory.mktemp("chromium")) as browser:
        yield browser


@pytest.fixture
def served(browser: Browser) -> Iterator[Served]:
    with Served() as served:
        yield served
        browser.leave()


def faults(browser: Browser) -> list[dict]:
    """What is in the console, but for the browser's own notes of connections that were refused."""
    return [entry for entry in browser.console() if entry["source"] != "network"]


def test_label_appears_and_changes(browser: Browser, served: Served) -> None:
    with Publisher(served.bus, label="happy") as publisher:
        browser.open(served.url)
        browser.wait(f"return {LABEL} === 'happy' && document.title === 'happy · mien'")
        publisher.shown["label"] = "surprise"
        browser.wait(f"return {LABEL} === 'surprise' && document.title === 'surprise · mien'")
        assert browser.text(".bars .top") == "surprise"
        assert browser.text(".coarse") == "coarse: fear-surprise, 75 %"
        assert browser.text(".mask") == "mask"
        assert browser.text("#link") == "live"
        assert browser.text("#temperature b") == "47.5"
        browser.wait("return parseFloat(document.querySelector('#fps b').textContent) > 0")
        browser.wait("return parseFloat(document.querySelector('#latency b').textContent) === 12")
        browser.wait("return document.querySelectorAll('.lane').length === 1")
        summary = browser.run("return document.querySelector('.lane canvas').getAttribute('aria-label')")
        assert {"happy", "surprise"} >= {part.split()[0] for part in summary.split(", ")}
    assert browser.console() == []


def test_people_come_and_go_and_may_be_unsure(browser: Browser, served: Served) -> None:
    with Publisher(served.bus, faces=2, abstained=True, mask_state=None) as publisher:
        browser.open(served.url)
        browser.wait("return document.querySelectorAll('.person').length === 2")
        browser.wait(f"return {LABEL} === 'unsure'")
        assert browser.text(".mask") == "mask not checked"
        publisher.shown["faces"] = 0
        browser.wait("return document.querySelectorAll('.person').length === 0")
        browser.wait("return document.title === 'nobody · mien'")
        assert browser.run("return document.querySelectorAll('.lane').length") == 2
    assert browser.console() == []


def test_boxes_belong_to_the_picture_shown(browser: Browser, served: Served) -> None:
    # The face jumps 7 pixels a frame, so a box of the next frame would already be off by that much.
    with Publisher(served.bus, label="happy", mask_state=None):
        browser.open(served.url)
        for _ in range(10):
            places = browser.wait(PLACES)
            scale = places["width"] / WIDTH
            assert abs(places["box"][0] - places["square"][0]) / scale < 3
            assert (places["box"][1] - places["square"][1]) / scale == pytest.approx(MARGIN, abs=3)
    assert browser.console() == []


def test_without_preview_only_boxes(browser: Browser) -> None:
    with Served(preview=False) as served, Publisher(served.bus, label="happy"):
        browser.open(served.url)
        browser.wait("return document.getElementById('notice').textContent === 'preview is off: boxes only'")
        browser.wait(f"return {LABEL} === 'happy'")
        requested = browser.run("return performance.getEntriesByType('resource').map((entry) => entry.name)")
        assert not [name for name in requested if "preview" in name]
        assert browser.console() == []
        browser.leave()


def test_reconnects_after_a_restart(browser: Browser, served: Served) -> None:
    with Publisher(served.bus, label="happy") as publisher:
        browser.open(served.url)
        browser.wait(f"return {LABEL} === 'happy'")
        served.server.close()
        browser.wait("return document.getElementById('link').textContent === 'reconnecting'")
        browser.wait("return document.title === 'reconnecting · mien'")
        with Served(address=f"127.0.0.1:{served.port}", bus=served.bus):
            publisher.shown["label"] = "sad"
            browser.wait(
                f"return {LABEL} === 'sad' && document.getElementById('link').textContent === 'live'"
            )
            browser.leave()
    assert faults(browser) == []


def test_two_cameras(browser: Browser) -> None:
    with Served(("left", "right")) as served:
        with (
            Publisher(served.bus, label="happy", camera="left"),
            Publisher(served.bus, label="sad", camera="right"),
        ):
            browser.open(served.url)
            browser.wait(f"return {LABEL} === 'happy'")
            assert browser.text("#tabs [aria-selected=true]") == "left"
            browser.run("document.querySelector('#tabs [data-name=right]').click()")
            browser.wait(f"return {LABEL} === 'sad'")
            browser.press("#tabs [data-name=right]", "\ue012")  # arrow left
            browser.wait(f"return {LABEL} === 'happy'")
            assert browser.run("return document.activeElement.dataset.name") == "left"
        reason = "there is no camera 7"
        served.bus.publish(CameraEvent(camera="left", state="lost", reason=reason, retry_seconds=4))
        browser.wait("return document.getElementById('link').textContent === 'lost'")
        assert browser.text("#alerts") == f"Camera left is lost: {reason}; next try in 4 s"
        assert browser.text("#notice") == reason
        assert browser.console() == []
        browser.leave()


def test_pause_and_model(browser: Browser, served: Served) -> None:
    with Publisher(served.bus):
        served.bus.publish(ModelEvent(state="loaded", name="slim"))
        browser.open(served.url)
        browser.wait("return !document.getElementById('pause').hidden")
        assert browser.run("return document.querySelector('#model select').value") == "slim"
        browser.run("document.getElementById('pause').click()")
        assert served.control.next(PATIENCE) == Pause(True, "test")
        served.bus.publish(CameraEvent(camera="test", state="paused"))
        browser.wait("return document.getElementById('pause').textContent === 'Resume'")
        browser.wait("return !document.getElementById('pause').disabled")
        browser.run("document.getElementById('pause').click()")
        assert served.control.next(PATIENCE) == Pause(False, "test")
        browser.run(
            "const select = document.querySelector('#model select');"
            "select.value = 'slim_fine'; select.dispatchEvent(new Event('change'));"
        )
        assert served.control.next(PATIENCE) == SwitchModel("slim_fine")
        served.bus.publish(ModelEvent(state="refused", name="slim_fine", reason="it is altered"))
        browser.wait("return document.getElementById('alerts').textContent.includes('it is altered')")
        browser.wait("return document.querySelector('#model select').value === 'slim'")
    assert browser.console() == []


def test_login(browser: Browser, tmp_path: Path) -> None:
    files = {"token_file": "read-token-0123456789", "control_token_file": "control-token-0123456789"}
    for name, token in files.items():
        (tmp_path / name).write_text(token)
        (tmp_path / name).chmod(0o600)
    with Served(**{name: tmp_path / name for name in files}) as served, Publisher(served.bus, label="happy"):
        browser.open(served.url)
        browser.wait("return location.pathname === '/login' && document.getElementById('token')")
        browser.run("document.getElementById('token').value = 'a wrong one'; document.forms[0].submit()")
        browser.wait("return document.querySelector('.wrong')?.textContent.includes('not the token')")
        token = files["token_file"]
        browser.run(f"document.getElementById('token').value = {token!r}; document.forms[0].submit()")
        browser.wait(f"return location.pathname === '/' && {LABEL} === 'happy'")
        assert browser.run("return document.cookie") == ""  # scripts do not see it
        browser.wait(
            "return document.getElementById('pause').hidden && !document.getElementById('login').hidden"
        )
        browser.run("document.querySelector('#logout button').click()")
        browser.wait("return location.pathname === '/login'")
        assert faults(browser) == []
        browser.leave()


def test_nothing_from_outside(browser: Browser, served: Served) -> None:
    with Publisher(served.bus):
        browser.open(served.url)
        browser.wait(f"return {LABEL}")
        requested = browser.run("return performance.getEntriesByType('resource').map((entry) => entry.name)")
        assert requested
        assert all(name.startswith(served.url) for name in requested)


def test_fits_a_phone(browser: Browser, served: Served) -> None:
    with Publisher(served.bus, faces=3):
        browser.open(served.url)
        browser.resize(390, 844)
        browser.wait("return document.querySelectorAll('.person').length === 3")
        assert browser.run("return document.documentElement.scrollWidth <= window.innerWidth")
        browser.resize(1280, 800)


def test_everything_has_a_name_and_can_be_reached_with_the_keyboard(browser: Browser) -> None:
    with Served(("left", "right")) as served:
        browser.open(served.url)
        browser.wait("return !document.getElementById('tabs').hidden")
        unnamed = browser.run(
            "return [...document.querySelectorAll('button, select, a, input, canvas')]"
            ".filter((one) => one.checkVisibility() && !one.closest('[aria-hidden]'))"
            ".filter((one) => !(one.textContent.trim() || one.ariaLabel || one.labels?.length))"
            ".map((one) => one.outerHTML)"
        )
        assert unnamed == []
        assert browser.run("return document.documentElement.lang") == "en"
        browser.leave()
