import json

import jsonschema
import pytest
from documents import calls, document, frames, result

from edge.bench.document import json_schema, read_document
from edge.bench.writing import check_writable, write_whole
from edge.errors import FileUnreadableError, NotABenchmarkError, OutputError
from edge.reference import DOCS


@pytest.fixture
def whole():
    return document(result(calls(0.001)), frames(calls(0.01)))


def test_what_is_written_is_read_again_and_keeps_the_schema(whole, tmp_path):
    file = tmp_path / "a.json"
    write_whole(file, whole.to_json())
    assert read_document(file) == whole
    jsonschema.validate(json.loads(file.read_text()), json_schema())
    assert json.loads((DOCS / "schema" / "bench-1.json").read_text()) == json_schema()
    assert list(tmp_path.iterdir()) == [file]


def test_the_schema_refuses_what_it_does_not_know(whole):
    content = {**json.loads(whole.to_json()), "more": 1}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(content, json_schema())


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", "is not JSON"),
        ("\xff\xfe", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ("[]", "holds no results of mien bench"),
        ('{"schema": 1}', "holds no results of mien bench"),
        ('{"schema": "mien.health/1"}', "holds no results of mien bench"),
        ('{"schema": "mien.bench/2"}', "is 'mien.bench/2', but this mien reads mien.bench/1"),
        ('{"schema": "mien.bench/1"}', "is damaged at"),
    ],
)
def test_what_is_no_result_is_refused_in_a_line(text, line, tmp_path):
    file = tmp_path / "a.json"
    file.write_text(text, encoding="latin-1")
    with pytest.raises(NotABenchmarkError, match=line) as caught:
        read_document(file)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("bad", [float("nan"), "fast", None])
def test_a_damaged_figure_is_found(bad, whole, tmp_path):
    content = json.loads(whole.to_json())
    content["results"][1]["timing"]["fps"] = bad
    file = tmp_path / "a.json"
    file.write_text(json.dumps(content))
    with pytest.raises(NotABenchmarkError, match=r"is damaged at results\.1\.timing\.fps"):
        read_document(file)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(FileUnreadableError, match="No such file"):
        read_document(tmp_path / "a.json")
    with pytest.raises(FileUnreadableError, match="Is a directory"):
        read_document(tmp_path)


def test_what_cannot_be_written_is_known_before(tmp_path):
    check_writable(tmp_path / "a.json")
    assert not list(tmp_path.iterdir())
    with pytest.raises(OutputError, match="there is no folder"):
        check_writable(tmp_path / "no/a.json")
    with pytest.raises(OutputError, match="is a folder"):
        check_writable(tmp_path)


def test_a_full_disk_leaves_what_was_there(tmp_path):
    file = tmp_path / "a.json"
    file.write_text("before")
    with pytest.raises(UnicodeEncodeError):
        write_whole(file, "half \ud800")  # fails in the middle, as a full disk does
    assert file.read_text() == "before"
    assert list(tmp_path.iterdir()) == [file]
    with pytest.raises(OutputError, match="No space left on device"):
        write_whole(type(file)("/dev/full"), "text")
