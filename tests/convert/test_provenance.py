from pathlib import Path

from convert.provenance import training_of
from train_keras.recipe import MatchingRecipe, UnlabelledRecipe, read_recipe


def test_a_card_tells_whom_a_network_learned_from_but_not_where_its_data_lay():
    plain = read_recipe(Path("slim_fine"))
    assert not {"matched", "unlabelled"} & set(training_of(plain, 10, 4, ()))
    teachers = Path("/home/ann/runs/a/model.keras"), Path("/home/ann/runs/b/model.keras")
    lessons = {
        "matching": MatchingRecipe(teacher=teachers[0]),
        "unlabelled": UnlabelledRecipe(teachers=teachers, lfw=Path("/home/ann/l.zip"), crops=Path("c.zip")),
    }
    told = training_of(plain.model_copy(update=lessons), 10, 4, ())
    assert told["matched"] == "a, which saw bare faces"
    assert told["unlabelled"] == "faces of l.zip and c.zip, labelled by a, b"
    assert "l.zip" not in told["recipe"]
