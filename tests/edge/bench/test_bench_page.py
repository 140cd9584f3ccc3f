"""The page of a run: whole by itself, well-formed, and what it shows is what was measured."""

import re
import xml.etree.ElementTree as ET

import pytest
from documents import calls, document, frames, reading, record, result

from edge.bench.page import page
from edge.bench.svg import ACROSS, DOWN, LEFT, TOP, histogram, timeline
from edge.bench.words import milliseconds
from tests.edge.outputs.browser import CHROMEDRIVER, CHROMIUM, Browser

SVG = re.compile(r"<svg.*?</svg>", re.S)
HOT = [
    reading(float(at), temperature=50.0 + at, fps=100.0 - at, throttled=["throttled"] * (at > 6))
    for at in range(10)
]
NASTY = "<b onload=alert(1)>&.avi"


@pytest.fixture
def html():
    clean = result(calls(0.0001))
    heated = frames(calls(0.01), record=record(HOT), clean=False, reasons=["the firmware said throttled"])
    named = heated.model_copy(
        update={"pictures": heated.pictures.model_copy(update={"camera": NASTY}), "unknown": ["clock"]}
    )
    return page(document(clean, named, reasons=["the firmware said throttled"]))


def test_it_needs_nothing_beside_it(html):
    assert not re.search(r"https?://|src=|<link|<script|@import|url\(", html)
    assert NASTY not in html
    assert "&lt;b onload=alert(1)&gt;&amp;.avi" in html


def test_it_tells_what_is_not_clean(html):
    assert "Not clean" in html
    assert "the firmware said throttled" in html
    assert "Not clean" not in page(document(result(calls(0.001))))


def test_its_figures_are_those_measured(html):
    one = result(calls(0.0001)).timing.latency_seconds
    for seconds in (one.p50, one.p90, one.p99, one.max):
        assert f"<td>{milliseconds(seconds)}</td>" in html


def test_a_histogram_holds_every_sample_in_its_frame():
    timing = result([0.001] * 70 + [0.002] * 25 + [0.004] * 4 + [9.0]).timing
    drawn = ET.fromstring(histogram(timing.samples_seconds, timing.latency_seconds))
    bars = [bar for bar in drawn.iter("rect") if bar.get("class").startswith("bar")]
    assert max(float(bar.get("height")) for bar in bars) == pytest.approx(DOWN)
    for bar in bars:
        assert LEFT <= float(bar.get("x")) <= LEFT + ACROSS
        assert TOP <= float(bar.get("y")) <= TOP + DOWN
    assert [text.text for text in drawn.iter("text") if text.get("class") == "label"] == ["p50", "p90", "p99"]


@pytest.mark.parametrize("samples", [[0.001], [0.001] * 50, [0.0, 0.0], [1e-7, 3.0]])
def test_a_histogram_of_little_is_no_fault(samples):
    timing = result([max(one, 1e-9) for one in samples]).timing
    ET.fromstring(histogram(samples, timing.latency_seconds))


def test_the_line_over_time_shows_heat_and_throttling():
    drawn = ET.fromstring(timeline(HOT))
    lines = {line.get("class"): line.get("points").split() for line in drawn.iter("polyline")}
    assert len(lines["rate"]) == len(lines["heat"]) == len(HOT)
    heights = [float(point.partition(",")[2]) for point in lines["heat"]]
    assert heights == sorted(heights, reverse=True)  # warmer is higher
    assert len([bar for bar in drawn.iter("rect") if bar.get("class") == "throttled"]) == 3


def test_a_board_without_thermometer_has_no_line_of_heat():
    cold = [one.model_copy(update={"temperature": None}) for one in HOT]
    assert "heat" not in timeline(cold)
    assert timeline(cold[:1]) == ""
    still = [one.model_copy(update={"fps": 0.0}) for one in HOT]
    ET.fromstring(timeline(still))


@pytest.mark.skipif(CHROMIUM is None or CHROMEDRIVER is None, reason="no chromium (make test-deps)")
def test_a_browser_shows_it_on_a_telephone_and_a_desk(html, tmp_path):
    file = tmp_path / "page.html"
    file.write_text(html)
    with Browser(tmp_path / "profile") as browser:
        browser.open(file.as_uri())
        for width in (400, 1280):
            browser.resize(width, 900)
            assert browser.run("return document.documentElement.scrollWidth") <= width
            assert browser.run("return document.querySelectorAll('svg').length") == 4
        assert browser.console() == []
