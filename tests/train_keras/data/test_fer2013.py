import csv

import numpy as np
import pytest

from edge.errors import DataError
from train_keras.data.faces import Split
from train_keras.data.fer2013 import read_fer2013

USAGES = ("Training", "PublicTest", "PrivateTest")
PIXELS = " ".join(["7"] * 48 * 48)


@pytest.fixture(scope="module")
def sample(ferplus):
    """Arrays as in fer2013.npz, of ten real faces of each split."""
    faces = [ferplus.split(split)[:10] for split in Split]
    return {
        "images": np.concatenate([part.images for part in faces]),
        "label": np.arange(30) % 7,
        "usage": np.concatenate([part.splits for part in faces]),
    }


def write_csv(path, lines, header="emotion,pixels,Usage"):
    path.write_text("\n".join([header, *lines]) + "\n")
    return path


def test_kaggles_csv_and_npz_are_the_same(sample, tmp_path):
    np.savez(tmp_path / "fer2013.npz", **sample)
    with (tmp_path / "fer2013.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["emotion", "pixels", "Usage"])
        for image, label, usage in zip(*sample.values(), strict=True):
            table.writerow([label, " ".join(map(str, image.ravel())), USAGES[usage]])
    first, second = (read_fer2013(tmp_path / f"fer2013.{end}") for end in ("npz", "csv"))
    for name in ("images", "targets", "splits", "rows", "classes"):
        one, other = getattr(first, name), getattr(second, name)
        assert one.dtype == other.dtype, name
        assert np.array_equal(one, other), name
    assert [len(second.split(split)) for split in Split] == [10, 10, 10]
    assert np.array_equal(second.classes, sample["label"])


@pytest.mark.parametrize(
    "line",
    [
        f"3,{PIXELS} 7,Training",
        f"3,{PIXELS[:-40]},Training",
        f"3,{PIXELS[:-1]}256,Training",
        f"3,{PIXELS[:-1]}x,Training",
        f"7,{PIXELS},Training",
        f"-1,{PIXELS},Training",
        f",{PIXELS},Training",
        f"3,{PIXELS},Train",
        f"3,{PIXELS}",
        "3",
    ],
    ids=[
        "long",
        "short",
        "bright",
        "letters",
        "label 7",
        "label -1",
        "no label",
        "usage",
        "cut",
        "cut early",
    ],
)
def test_damaged_line(line, tmp_path):
    path = write_csv(tmp_path / "fer2013.csv", [f"0,{PIXELS},Training", line])
    with pytest.raises(DataError, match=r"fer2013\.csv line 3 .*copy the file again"):
        read_fer2013(path)


@pytest.mark.parametrize("content", [b"", b"a,b,c\n1,2,3\n", b"\xff\xfe\x00PK", b"emotion,pixels\n1,2\n"])
def test_other_columns(content, tmp_path):
    path = tmp_path / "fer2013.csv"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"fer2013\.csv .*expected .*emotion,pixels,Usage"):
        read_fer2013(path)


def test_header_alone(tmp_path):
    with pytest.raises(DataError, match=r"fer2013\.csv holds no rows"):
        read_fer2013(write_csv(tmp_path / "fer2013.csv", []))


@pytest.mark.parametrize("name", ["fer2013.csv", "fer2013.npz"])
def test_missing(name, tmp_path):
    with pytest.raises(DataError, match=rf"{name} is missing: expected .*images, label, usage"):
        read_fer2013(tmp_path / name)


@pytest.mark.parametrize("share", [0.0, 0.2, 0.5, 0.999])
def test_npz_cut_short(share, sample, tmp_path):
    path = tmp_path / "fer2013.npz"
    np.savez_compressed(path, **sample)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(DataError, match=r"fer2013\.npz .*expected .*images, label, usage"):
        read_fer2013(path)


def test_npz_overwritten_in_the_middle(sample, tmp_path):
    path = tmp_path / "fer2013.npz"
    np.savez_compressed(path, **sample)
    whole = bytearray(path.read_bytes())
    whole[2000:4000] = bytes(2000)
    path.write_bytes(whole)
    with pytest.raises(DataError, match="expected"):
        read_fer2013(path)


@pytest.mark.parametrize(
    "change",
    [
        {"label": np.full(30, 7)},
        {"label": np.full(29, 3)},
        {"usage": np.full(30, 3)},
        {"images": np.zeros((30, 64, 64), np.uint8)},
        {"images": np.zeros((30, 48, 48), np.float32)},
    ],
    ids=["label 7", "short label", "usage 3", "64 px", "float"],
)
def test_npz_of_another_layout(change, sample, tmp_path):
    np.savez(tmp_path / "fer2013.npz", **(sample | change))
    with pytest.raises(DataError, match=r"fer2013\.npz has"):
        read_fer2013(tmp_path / "fer2013.npz")
