import pytest

from edge.errors import ConfigError
from train_keras.cost import gflops
from train_keras.models import build
from train_keras.models.joint import joint_light


def test_size_and_cost():
    model = joint_light()
    assert model.count_params() == 846_660
    assert gflops(model) == pytest.approx(0.0828, abs=5e-4)
    assert {name: tuple(output.shape[1:]) for name, output in model.output.items()} == {
        "expression": (7,),
        "occlusion": (12, 12, 1),
        "landmarks": (12, 12, 68),
    }


def test_a_larger_face_need_not_cost_more():
    model = joint_light(96, stem_strides=2)
    assert model.count_params() == 846_660
    assert gflops(model) == pytest.approx(0.0828, abs=5e-4)
    assert model.output["occlusion"].shape == (None, 12, 12, 1)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"input_size": 50}, "input_size needs a multiple of 16, got 50"),
        ({"input_size": -16}, "input_size needs a multiple of 16, got -16"),
        ({"input_size": 48, "stem_strides": 2}, "input_size needs a multiple of 32, got 48"),
        ({"stem_strides": 3}, "stem_strides needs 1 or 2, got 3"),
    ],
)
def test_unusable_options(options, said):
    with pytest.raises(ConfigError, match=said):
        build("joint_light", **options)
