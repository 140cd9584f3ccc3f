import zipfile

import numpy as np
import pytest

from edge.errors import DataError
from train_keras.data.lfw import read_lfw


def test_equal_shares_and_the_same_draw_for_a_seed(shared):
    faces, again, other = (read_lfw(shared / "lfw_expressions.zip", 8, seed) for seed in (1, 1, 2))
    assert np.bincount(faces.valences).tolist() == [8, 8, 8]
    assert all(image.dtype == np.uint8 and image.ndim == 2 for image in faces.images)
    assert np.array_equal(faces.rows, again.rows)
    assert not np.array_equal(faces.rows, other.rows)


@pytest.mark.parametrize(
    "members", [{}, {"labels.csv": "image,emotion\na.jpg,happiness\n"}, {"labels.csv": "file,kind\na,b\n"}]
)
def test_zip_of_another_layout(members, tmp_path):
    path = tmp_path / "lfw.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    with pytest.raises(DataError, match=r"lfw\.zip is damaged .*expected images/ and labels\.csv"):
        read_lfw(path, 1, 0)


def test_zip_cut_short(shared, tmp_path):
    path = tmp_path / "lfw.zip"
    with (shared / "lfw_expressions.zip").open("rb") as file:
        path.write_bytes(file.read(300_000))
    with pytest.raises(DataError, match="damaged"):
        read_lfw(path, 1, 0)


def test_missing(tmp_path):
    with pytest.raises(DataError, match="missing: expected lfw_expressions"):
        read_lfw(tmp_path / "lfw.zip", 1, 0)
