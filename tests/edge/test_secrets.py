from pathlib import Path

import pytest

from edge.errors import ConfigError
from edge.secrets import CREDENTIALS, read_secret


@pytest.fixture
def secret(tmp_path):
    """Write a file that only its owner may read."""

    def write(content, name="secret"):
        path = tmp_path / name
        path.write_bytes(content)
        path.chmod(0o600)
        return path

    return write


@pytest.mark.parametrize("content", [b" my pass\n", b" my pass\r\n", b" my pass"])
def test_the_line_end_is_no_part_of_it(secret, content, caplog):
    assert read_secret(secret(content)) == " my pass"
    assert not caplog.records


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty"),
        (b"\n", "is empty"),
        (b"tell\nnobody\n", "more than one line"),
        (b"x" * 5000, "more than one line"),
        (b"\xff\xfetell", "holds no text"),
    ],
)
def test_unusable_files_are_named_but_not_quoted(secret, content, reason):
    path = secret(content)
    with pytest.raises(ConfigError, match=reason) as caught:
        read_secret(path)
    assert str(path) in str(caught.value)
    assert "tell" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_missing_and_unreadable_files(tmp_path):
    with pytest.raises(ConfigError, match="absent cannot be read"):
        read_secret(tmp_path / "absent")
    with pytest.raises(ConfigError, match="cannot be read"):
        read_secret(tmp_path)


def test_a_file_that_everybody_may_read_is_warned_of(secret, caplog):
    path = secret(b"hidden")
    path.chmod(0o644)
    assert read_secret(path) == "hidden"
    assert str(path) in caplog.text
    assert "hidden" not in caplog.text


def test_a_bare_name_is_one_of_systemds_credentials(secret, tmp_path, monkeypatch):
    secret(b"from systemd", "mqtt")
    monkeypatch.setenv(CREDENTIALS, str(tmp_path))
    monkeypatch.chdir("/")
    assert read_secret(Path("mqtt")) == "from systemd"
    with pytest.raises(ConfigError, match="absent cannot be read"):
        read_secret(Path("absent"))
    assert read_secret(secret(b"elsewhere", "own")) == "elsewhere"
