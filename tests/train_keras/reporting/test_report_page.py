import base64
import doctest
import re
from html.parser import HTMLParser

import cv2
import numpy as np
import pytest
from drawn_answers import draw

import train_keras.reporting.wording
from edge.errors import DataError
from train_keras.comparison import Comparison
from train_keras.report import report
from train_keras.reporting import store
from train_keras.reporting.markdown import is_told
from train_keras.reporting.store import Figure

VOID = {"meta", "link", "img", "br", "source"}


class Page(HTMLParser):
    """Checks nesting and collects text and attributes."""

    def __init__(self, text):
        super().__init__()
        self.open, self.attributes, self.words = [], [], []
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.attributes += [(tag, name, value) for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" not in self.open:
            self.words.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())


@pytest.fixture
def write(world, tmp_path):
    def write(**changes):
        folders = {
            "results": world.results, "claims": world.claims, "predictions": world.predictions,
            "sheets": world.sheets, "page": tmp_path / "out" / "report.html",
            "section": tmp_path / "results.md",
        }  # fmt: skip
        said = report(**(folders | changes))
        return (
            said,
            Page((tmp_path / "out" / "report.html").read_text()),
            (tmp_path / "results.md").read_text(),
        )

    return write


def test_doctests():
    assert doctest.testmod(train_keras.reporting.wording).failed == 0


def test_page_asks_nobody(write):
    """No script, nothing from elsewhere: pictures are data, links stay on the page."""
    _, page, _ = write()
    for tag, name, value in page.attributes:
        assert tag not in ("script", "iframe", "link")
        if name in ("src", "srcset"):
            assert value.startswith("data:image/webp;base64,")
        if name == "href":
            assert value.startswith("#")
    ids = {value for _, name, value in page.attributes if name == "id"}
    links = {value[1:] for _, name, value in page.attributes if name == "href"}
    assert {"slim", "vit", "comparison", "calibration"} <= links <= ids


def test_style_asks_nobody(write, tmp_path):
    write()
    text = (tmp_path / "out" / "report.html").read_text()
    assert not re.search(r"https?:|url\(|@import|\$\w", text.replace("prefers-", ""))
    assert "prefers-color-scheme: dark" in text


def test_claims_stand_beside_what_is_measured(write, world):
    record = store.load(world.results / "slim-ferplus-mask-seven.json")
    said, page, section = write()
    assert "2 of 5 claims measured, 1 reached" in said
    ours = f"{100 * record.accuracy:.2f}"
    for text in (page.text, section):
        assert ours in text
        assert "Three epochs are few." in text
        assert "reduced: 3 epochs instead of 50" in text
        assert "Nobody has it." in text
        assert "mien evaluate slim" in text
        assert text.count("not measured yet") >= 2
        assert "cannot be measured" in text
    row = next(line for line in section.splitlines() if line.startswith("| ViT | Their set"))
    assert row.split(" | ")[3] == "not measured yet"


def test_what_is_not_measured_has_no_mark(write):
    """On the scales: the paper's tick always, a dot only where a number was measured."""
    _, page, _ = write()
    marks = [value for tag, name, value in page.attributes if tag == "i" and name == "class"]
    assert marks.count("tick") == 4 + 1  # the four claims in per cent, and the key
    assert marks.count("dot") == 2 + 1


def test_titles_are_escaped(write, tmp_path):
    write()
    text = (tmp_path / "out" / "report.html").read_text()
    assert "Slim &lt;CNN&gt;" in text
    assert "A &amp; B" in text


def test_table_of_the_section_is_whole(write):
    _, _, section = write()
    rows = [re.sub(r"\\\|", "", line) for line in section.splitlines() if line.startswith("|")]
    tables = "\n".join(rows).split("| claim |")
    assert len(tables) == 3
    assert {row.count("|") for row in rows if "mien evaluate" in row} == {10}
    assert "<!-- systems -->" in section
    assert "## The five systems\n`mien report`" in section


def test_pictures(write, world):
    sheet = np.full((20, 30, 3), 77, np.uint8)
    cv2.imwrite(str(world.sheets / "explain_slim.png"), sheet)
    _, page, _ = write()
    pictures = [value for _, name, value in page.attributes if name in ("src", "srcset")]
    assert len(pictures) == 4 * 2 * 2 + 1  # of four measurements two curves, light and dark, and the sheet
    bytes_ = base64.b64decode(pictures[-1].split(",")[1])
    assert (cv2.imdecode(np.frombuffer(bytes_, np.uint8), cv2.IMREAD_COLOR) == sheet).all()
    assert all(value for tag, name, value in page.attributes if tag == "img" and name == "alt")


def test_confusion_is_the_stores(write, world):
    record = store.load(world.results / "slim-ferplus-full-seven.json")
    _, page, _ = write()
    shares = [value for tag, name, value in page.attributes if tag == "td" and name == "style"]
    first = record.confusion[0]
    assert shares[:7] == [f"--share:{100 * count / sum(first):.0f}" for count in first]


def test_differences(write, world):
    world.add(draw("slim_best", seed=3))
    _, page, section = write()
    assert "slim / slim_fine" in page.text
    assert "### Differences between models" in section
    assert len([line for line in section.splitlines() if re.match(r"\| slim\S* / slim", line)]) == 4


def test_without_answers(write, world, tmp_path):
    """A checkout alone still gives the tables and the confusion matrices."""
    _, page, section = write(predictions=tmp_path / "none")
    assert "Differences between models" not in page.text + section
    assert "Confusion in per cent" in page.text
    assert not [name for _, name, _ in page.attributes if name == "srcset"]


def test_figures_in_other_units(write, world):
    record = store.load(world.results / "slim-ferplus-mask-seven.json")
    figure = Figure(
        kind="figure", key="speed-slim", model="slim", command="mien bench", commit="c", date=record.date,
        value=301.25, unit="frames/s", machine="one core",
    )  # fmt: skip
    store.save(figure, world.results)
    said, page, section = write()
    assert "3 of 5 claims measured, 2 reached" in said
    assert "301.25 frames/s" in page.text + section
    assert "one core" in page.text


def test_what_is_missing_is_told(write, world):
    text = world.claims.read_text()
    world.claims.write_text(text.replace('reason = "Three epochs are few."', "").replace('form = "full"', ""))
    said, page, section = write()
    assert "slim.high needs a reason in" in said
    assert "slim.low needs a form in" in said
    assert "no reason given yet" in page.text
    assert "no reason given yet" in section


def test_nothing_measured(write, tmp_path):
    (tmp_path / "empty").mkdir()
    said, page, _ = write(results=tmp_path / "empty", predictions=tmp_path / "none")
    assert "0 of 5 claims measured, 0 reached" in said
    assert page.text.count("No model of this system is measured yet.") == 2


def test_nothing_is_written_from_damaged_input(write, world, tmp_path):
    (world.results / "slim-ferplus-mask-seven.json").write_text("{")
    with pytest.raises(DataError, match="measure it again or remove it"):
        write()
    with pytest.raises(DataError, match="no results in"):
        write(results=tmp_path / "none")
    assert not (tmp_path / "out").exists()
    assert not (tmp_path / "results.md").exists()


@pytest.mark.parametrize(
    ("first", "second", "told"),
    [
        ("joint_keras", "joint_without_effm_keras", True),
        ("cbam", "slim_fine", True),
        ("cbam", "joint", False),
        ("slim_fine_plain_keras", "joint_keras", False),
    ],
)
def test_the_document_tells_pairs_of_a_family_and_with_the_default(first, second, told):
    assert is_told(Comparison(first, second, 100, 3, 5, 0.5, 0.5)) == told
