import numpy as np
import pytest

from edge.errors import DataError
from edge.labels import LABELS
from train_keras.data.faces import Faces, Split
from train_keras.data.ferplus import join_votes, read_votes

HEADER = "Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF"


def bare_faces(splits):
    count = len(splits)
    images = np.arange(count, dtype=np.uint8)[:, None, None] * np.ones((1, 48, 48), np.uint8)
    return Faces(images, np.zeros((count, 7), np.float32), np.array(splits, np.int8), np.arange(count))


def test_protocol_counts(ferplus):
    assert len(ferplus.split(Split.PUBLIC_TEST)) == 3155
    assert len(ferplus.split(Split.PRIVATE_TEST)) == 3103
    assert np.allclose(ferplus.targets.sum(1), 1, atol=1e-6)
    tests = ferplus[ferplus.splits != Split.TRAINING]
    assert tests.targets.max(1).min() > 0.5


def test_no_test_picture_is_trained_on(ferplus):
    def pictures(faces):
        return {image.tobytes() for image in faces.images}

    training = ferplus.split(Split.TRAINING)
    assert len(training) > 27000
    for split in (Split.PUBLIC_TEST, Split.PRIVATE_TEST):
        assert not pictures(training) & pictures(ferplus.split(split))


def test_crowd_and_single_label_mostly_agree(ferplus, shared):
    """Columns or rows in another order would break this."""
    with np.load(shared / "fer2013.npz") as file:
        by_one = file["label"][ferplus.rows]
    for label in ("angry", "happy", "surprise", "neutral"):  # the crowd sees half of the sad as neutral
        index = LABELS.index(label)
        assert np.bincount(ferplus.classes[by_one == index], minlength=7).argmax() == index, label


def test_votes_become_a_distribution_in_our_order():
    votes = np.zeros((7, 10), np.uint8)
    for row, column in enumerate((4, 5, 6, 1, 3, 2, 0)):  # anger, disgust, fear, happiness, …
        votes[row, column], votes[row, 7] = 6, 4  # contempt does not count
    faces = join_votes(bare_faces([0] * 7), votes)
    assert np.array_equal(faces.targets, np.eye(7, dtype=np.float32))


def test_rows_short_of_votes_are_left_out():
    rows = [
        (Split.TRAINING, (5, 5, 0, 0)),  # kept: training needs no majority
        (Split.PUBLIC_TEST, (5, 5, 0, 0)),  # no majority
        (Split.PRIVATE_TEST, (6, 4, 0, 0)),  # kept
        (Split.TRAINING, (2, 2, 0, 6)),  # four votes on the seven
        (Split.PRIVATE_TEST, (0, 0, 0, 10)),  # no face
    ]
    votes = np.zeros((5, 10), np.uint8)
    votes[:, [0, 1, 2, 9]] = [given for _, given in rows]
    faces = join_votes(bare_faces([split for split, _ in rows]), votes)
    assert faces.rows.tolist() == [0, 2]
    assert faces.targets[1, LABELS.index("neutral")] == pytest.approx(0.6)


def test_files_of_different_length():
    with pytest.raises(DataError, match="FER\\+ has 3 rows, FER2013 2"):
        join_votes(bare_faces([0, 0]), np.zeros((3, 10), np.uint8))


def test_microsofts_csv(shared, tmp_path):
    votes = read_votes(shared / "ferplus.npz")
    lines = [f"Training,fer{n:07}.png,{','.join(map(str, row))}" for n, row in enumerate(votes[:60])]
    lines[3] = lines[3].replace("fer0000003.png", "")  # as Microsoft leaves it where there is no face
    path = tmp_path / "fer2013new.csv"
    path.write_text("\n".join([HEADER, *lines]) + "\n")
    assert np.array_equal(read_votes(path), votes[:60])


@pytest.mark.parametrize(
    "line",
    ["Training,a.png,1,2,3", "Training,a.png,1,2,3,4,5,6,7,8,9,x", "Training,a.png,-1,2,3,4,5,6,7,8,9,0"],
)
def test_damaged_csv_line(line, tmp_path):
    path = tmp_path / "fer2013new.csv"
    path.write_text(f"{HEADER}\nTraining,a.png,1,2,3,4,5,6,7,8,9,0\n{line}\n")
    with pytest.raises(DataError, match=r"fer2013new\.csv line 3 .*copy the file again"):
        read_votes(path)


@pytest.mark.parametrize("content", ["", "Usage,Image name,neutral\nTraining,a.png,1\n"])
def test_csv_with_other_columns(content, tmp_path):
    path = tmp_path / "fer2013new.csv"
    path.write_text(content)
    with pytest.raises(DataError, match=r"fer2013new\.csv .*expected .*neutral.*NF"):
        read_votes(path)


@pytest.mark.parametrize("name", ["fer2013new.csv", "ferplus.npz"])
def test_missing(name, tmp_path):
    with pytest.raises(DataError, match=rf"{name} is missing: expected .*votes"):
        read_votes(tmp_path / name)


def test_npz_damaged(shared, tmp_path):
    path = tmp_path / "ferplus.npz"
    path.write_bytes((shared / "ferplus.npz").read_bytes()[:40_000])
    with pytest.raises(DataError, match=r"ferplus\.npz .*expected .*votes"):
        read_votes(path)


def test_npz_of_another_shape(tmp_path):
    np.savez(tmp_path / "ferplus.npz", votes=np.zeros((5, 8), np.int8))
    with pytest.raises(DataError, match=r"ferplus\.npz has votes of shape \(5, 8\)"):
        read_votes(tmp_path / "ferplus.npz")
