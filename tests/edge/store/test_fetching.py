import pytest
from shop import Shop

from edge.errors import DownloadError, FileUnreadableError
from edge.store.fetching import fetch

CONTENT = bytes(range(256)) * 2000
LIMIT = 1 << 20


@pytest.fixture
def shop():
    with Shop({"/m.mien": CONTENT, "/small": b"x" * 10}) as shop:
        yield shop


def left(folder):
    return sorted(path.name.partition("-")[2] for path in folder.iterdir())


def test_a_file_comes_whole_and_says_how_far_it_is(shop, tmp_path):
    heard = []
    file = fetch(f"{shop.url}/m.mien", tmp_path, LIMIT, len(CONTENT), lambda *far: heard.append(far))
    assert file.read_bytes() == CONTENT
    assert heard[-1] == (len(CONTENT), len(CONTENT))
    assert left(tmp_path) == ["m.mien"]


def test_a_download_that_breaks_off_goes_on_from_there(shop, tmp_path):
    shop.cut = 300_000
    with pytest.raises(DownloadError, match="broke off after 300000 of 512000 bytes: try again"):
        fetch(f"{shop.url}/m.mien", tmp_path, LIMIT)
    assert fetch(f"{shop.url}/m.mien", tmp_path, LIMIT).read_bytes() == CONTENT
    assert shop.asked == [("/m.mien", None), ("/m.mien", "bytes=300000-")]
    assert left(tmp_path) == ["m.mien"]


@pytest.mark.parametrize("tag", ['"two"', None, 'W/"one"'])
def test_a_file_that_changed_meanwhile_begins_anew(shop, tmp_path, tag):
    shop.cut = 300_000
    with pytest.raises(DownloadError):
        fetch(f"{shop.url}/m.mien", tmp_path, LIMIT)
    shop.files["/m.mien"], shop.tag = CONTENT[::-1], tag
    assert fetch(f"{shop.url}/m.mien", tmp_path, LIMIT).read_bytes() == CONTENT[::-1]


def test_without_a_mark_nothing_is_pieced_together(shop, tmp_path):
    shop.cut, shop.tag = 300_000, None
    with pytest.raises(DownloadError):
        fetch(f"{shop.url}/m.mien", tmp_path, LIMIT)
    fetch(f"{shop.url}/m.mien", tmp_path, LIMIT)
    assert shop.asked[1] == ("/m.mien", None)


@pytest.mark.parametrize("size", [None, len(CONTENT)])
def test_a_server_that_does_not_stop_is_left(shop, tmp_path, size):
    shop.lies = True
    limit = len(CONTENT) if size is None else LIMIT
    with pytest.raises(DownloadError, match="goes on after 512000 bytes"):
        fetch(f"{shop.url}/m.mien", tmp_path, limit, size)
    assert left(tmp_path) == []


def test_another_size_than_promised_is_not_even_read(shop, tmp_path):
    with pytest.raises(DownloadError, match="has 512000 bytes, not the 100 that were promised"):
        fetch(f"{shop.url}/m.mien", tmp_path, LIMIT, 100)
    with pytest.raises(DownloadError, match="has more than 1000 bytes"):
        fetch(f"{shop.url}/m.mien", tmp_path, 1000)


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("http://models.example/m.mien", "http://models.example/m.mien is not encrypted: use https"),
        ("ftp://127.0.0.1/m.mien", "cannot be fetched: use https"),
        ("file://elsewhere/m.mien", "cannot be fetched: use https"),
        ("https:///m.mien", "cannot be fetched: use https"),
        ("http://me:secret@10.0.0.1/m?token=secret", "http://10.0.0.1/m is not encrypted"),
    ],
)
def test_addresses_that_are_refused(tmp_path, address, message):
    with pytest.raises(DownloadError, match=message) as caught:
        fetch(address, tmp_path, LIMIT)
    assert "secret" not in str(caught.value)


def test_a_redirect_does_not_lead_out_of_what_is_allowed(shop, tmp_path):
    shop.moved = {"/old": "/small", "/out": "http://models.example/m.mien"}
    assert fetch(f"{shop.url}/old", tmp_path, LIMIT).read_bytes() == b"x" * 10
    with pytest.raises(DownloadError, match=r"http://models\.example/m\.mien is not encrypted"):
        fetch(f"{shop.url}/out", tmp_path, LIMIT)


def test_what_cannot_be_had_is_told_without_secrets(shop, tmp_path):
    host = shop.url.removeprefix("http://")
    with pytest.raises(DownloadError, match=r"none cannot be fetched \(404 Not Found\): check") as caught:
        fetch(f"http://me:secret@{host}/none?token=secret", tmp_path, LIMIT)
    assert "secret" not in str(caught.value)
    assert shop.headers[0]["Authorization"].startswith("Basic ")
    with pytest.raises(DownloadError, match="cannot be reached"):
        fetch("http://127.0.0.1:1/m.mien", tmp_path, LIMIT)


def test_a_file_of_this_machine_stays_where_it_is(tmp_path):
    file = tmp_path / "a file"
    file.write_bytes(b"12345")
    assert fetch(file.as_uri(), tmp_path / "none", 5) == file
    with pytest.raises(DownloadError, match="has 5 bytes, not up to 4"):
        fetch(file.as_uri(), tmp_path, 4)
    with pytest.raises(DownloadError, match="has 5 bytes, not 3"):
        fetch(file.as_uri(), tmp_path, 5, 3)
    with pytest.raises(FileUnreadableError, match="check the path"):
        fetch((tmp_path / "none").as_uri(), tmp_path, 5)
