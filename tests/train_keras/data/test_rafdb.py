import pytest

from edge.errors import DataError
from edge.labels import LABELS
from train_keras.data.faces import Split
from train_keras.data.rafdb import read_rafdb

ORDER = ("surprise", "fear", "disgust", "happy", "sad", "angry", "neutral")


@pytest.fixture
def rafdb(write, tmp_path):
    root = tmp_path / "RAF-DB" / "basic"
    lines = []
    for split, digits in (("train", 5), ("test", 4)):
        for number in range(1, 8):
            name = f"{split}_{number:0{digits}}"
            lines.append(f"{name}.jpg {number}")
            write(root / "Image" / "aligned" / f"{name}_aligned.jpg", 30 * number)
    (root / "EmoLabel").mkdir()
    (root / "EmoLabel" / "list_patition_label.txt").write_text("\n".join(lines) + "\n")
    return root


def test_published_layout(rafdb):
    for path in (rafdb, rafdb.parent):
        faces = read_rafdb(path, 20)
        assert faces.images.shape == (14, 20, 20)
        assert [LABELS[i] for i in faces.classes] == [*ORDER, *ORDER]
        assert abs(faces.images[:7, 9, 9].astype(int) - [30 * i for i in range(1, 8)]).max() <= 2
        assert [len(faces.split(split)) for split in Split] == [7, 0, 7]
        assert faces.identities is None


def test_missing_picture(rafdb):
    (rafdb / "Image" / "aligned" / "test_0003_aligned.jpg").unlink()
    with pytest.raises(
        DataError, match=r"test_0003_aligned\.jpg is missing: expected EmoLabel/list_patition"
    ):
        read_rafdb(rafdb)


def test_undecodable(rafdb):
    (rafdb / "Image" / "aligned" / "train_00002_aligned.jpg").write_bytes(b"")
    with pytest.raises(DataError, match=r"train_00002_aligned\.jpg cannot be decoded"):
        read_rafdb(rafdb)


@pytest.mark.parametrize(
    "line", ["train_00001.jpg", "train_00001.jpg 8", "valid_1.jpg 3", "train_1 2", "a b c"]
)
def test_damaged_line(line, rafdb):
    (rafdb / "EmoLabel" / "list_patition_label.txt").write_text(f"train_00001.jpg 1\n{line}\n")
    with pytest.raises(DataError, match=r"list_patition_label\.txt line 2 is .*expected one such as"):
        read_rafdb(rafdb)


def test_damaged_or_missing_list(rafdb, tmp_path):
    names = rafdb / "EmoLabel" / "list_patition_label.txt"
    names.write_text("\n")
    with pytest.raises(DataError, match="holds no pictures"):
        read_rafdb(rafdb)
    names.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DataError, match="is no text"):
        read_rafdb(rafdb)
    names.unlink()
    with pytest.raises(DataError, match=r"list_patition_label\.txt is missing"):
        read_rafdb(rafdb)
    with pytest.raises(DataError, match="nowhere is missing"):
        read_rafdb(tmp_path / "nowhere")
