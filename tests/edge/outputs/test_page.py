"""The page in a real browser."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from browser import CHROMEDRIVER, CHROMIUM, Browser
from observing import MARGIN, WIDTH, Publisher

from edge.bus import Bus
from edge.outputs.http import HttpServer

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
def bus() -> Bus:
    return Bus()


@pytest.fixture
def server(browser: Browser, request: pytest.FixtureRequest, bus: Bus) -> Iterator[HttpServer]:
    server = HttpServer(bus, "127.0.0.1", 0, preview=getattr(request, "param", True), camera="test")
    server.start()
    yield server
    browser.leave()
    server.close()


def test_label_appears_and_changes(browser: Browser, server: HttpServer, bus: Bus) -> None:
    with Publisher(bus, label="happy") as publisher:
        browser.open(server.url)
        browser.wait(f"return {LABEL} === 'happy' && document.title === 'happy · mien'")
        publisher.shown["label"] = "surprise"
        browser.wait(f"return {LABEL} === 'surprise' && document.title === 'surprise · mien'")
        assert browser.text(".bars .top") == "surprise"
        assert browser.text(".coarse") == "coarse: fear-surprise, 75 %"
        assert browser.text(".mask") == "mask"
        assert browser.text("#link") == "live"
        assert browser.text("#camera") == "test"
        browser.wait("return parseFloat(document.querySelector('#fps b').textContent) > 0")
        browser.wait("return parseFloat(document.querySelector('#latency b').textContent) === 12")
    assert browser.console() == []


def test_people_come_and_go_and_may_be_unsure(browser: Browser, server: HttpServer, bus: Bus) -> None:
    with Publisher(bus, faces=2, abstained=True, mask_state=None) as publisher:
        browser.open(server.url)
        browser.wait("return document.querySelectorAll('.person').length === 2")
        browser.wait(f"return {LABEL} === 'unsure'")
        assert browser.text(".mask") == "mask not checked"
        publisher.shown["faces"] = 0
        browser.wait("return document.querySelectorAll('.person').length === 0")
        browser.wait("return document.title === 'nobody · mien'")
    assert browser.console() == []


def test_boxes_belong_to_the_picture_shown(browser: Browser, server: HttpServer, bus: Bus) -> None:
    # The face jumps 7 pixels a frame, so a box of the next frame would already be off by that much.
    with Publisher(bus, label="happy", mask_state=None):
        browser.open(server.url)
        for _ in range(10):
            places = browser.wait(PLACES)
            scale = places["width"] / WIDTH
            assert abs(places["box"][0] - places["square"][0]) / scale < 3
            assert (places["box"][1] - places["square"][1]) / scale == pytest.approx(MARGIN, abs=3)
    assert browser.console() == []


@pytest.mark.parametrize("server", [False], indirect=True, ids=["preview off"])
def test_without_preview_only_boxes(browser: Browser, server: HttpServer, bus: Bus) -> None:
    with Publisher(bus, label="happy"):
        browser.open(server.url)
        browser.wait("return document.getElementById('notice').textContent === 'preview is off: boxes only'")
        browser.wait(f"return {LABEL} === 'happy'")
        requested = browser.run("return performance.getEntriesByType('resource').map((entry) => entry.name)")
        assert not [name for name in requested if "preview" in name]
    assert browser.console() == []


def test_reconnects_after_a_restart(browser: Browser, server: HttpServer, bus: Bus) -> None:
    with Publisher(bus, label="happy") as publisher:
        browser.open(server.url)
        browser.wait(f"return {LABEL} === 'happy'")
        server.close()
        browser.wait("return document.getElementById('link').textContent === 'reconnecting'")
        browser.wait("return document.title === 'reconnecting · mien'")
        again = HttpServer(bus, "127.0.0.1", server.port, preview=True, camera="test")
        again.start()
        publisher.shown["label"] = "sad"
        browser.wait(f"return {LABEL} === 'sad' && document.getElementById('link').textContent === 'live'")
        again.close()
    # While the server is away the browser itself notes each refused connection; nothing else may be there.
    assert [entry for entry in browser.console() if entry["source"] != "network"] == []


def test_nothing_from_outside(browser: Browser, server: HttpServer, bus: Bus) -> None:
    with Publisher(bus):
        browser.open(server.url)
        browser.wait(f"return {LABEL}")
        requested = browser.run("return performance.getEntriesByType('resource').map((entry) => entry.name)")
        assert requested
        assert all(name.startswith(server.url) for name in requested)


def test_fits_a_phone(browser: Browser, server: HttpServer, bus: Bus) -> None:
    with Publisher(bus, faces=3):
        browser.open(server.url)
        browser.resize(390, 844)
        browser.wait("return document.querySelectorAll('.person').length === 3")
        assert browser.run("return document.documentElement.scrollWidth <= window.innerWidth")
        browser.resize(1280, 800)
