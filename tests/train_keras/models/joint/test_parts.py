import keras
import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter

from convert.export import operators, to_float32, to_int8, with_temperature
from train_keras.models.joint import for_device, inspect, joint
from train_keras.models.joint.effm import REGIONS


def run(flatbuffer, face):
    """All outputs of a flatbuffer by name, after asking that one delegate takes it whole."""
    interpreter = Interpreter(model_content=flatbuffer, num_threads=1)
    interpreter.allocate_tensors()
    names = [operator["op_name"] for operator in interpreter._get_ops_details()]
    assert names.count("DELEGATE") == 1
    (signature,) = interpreter.get_signature_list()
    return interpreter.get_signature_runner(signature)(face=face)


def test_float32_is_keras(networks, faces):
    model = for_device(networks["joint_light"], occlusion=True)
    flatbuffer = to_float32(model)
    assert {"CONV_2D", "LOGISTIC", "SOFTMAX"} <= set(operators(flatbuffer))  # and builtin ones only
    given, expected = run(flatbuffer, faces[:1]), model(faces[:1], training=False)
    assert set(given) == {"expression", "occlusion"}
    for output, answer in given.items():
        assert answer == pytest.approx(np.asarray(expected[output]), abs=1e-4)


def test_int8_follows_keras(networks, faces):
    """Random weights quantise badly: what varies from picture to picture must still vary the same way."""
    model = for_device(networks["joint"], occlusion=True)
    flatbuffer = to_int8(model, [face[None] for face in faces])
    assert "DEQUANTIZE" not in operators(flatbuffer)
    scale, zero = Interpreter(model_content=flatbuffer).get_input_details()[0]["quantization"]
    raw = np.clip(np.round(faces / scale + zero), 0, 255).astype(np.uint8)
    answers = [run(flatbuffer, face[None]) for face in raw]
    expected = model(faces, training=False)
    for output in ("expression", "occlusion"):
        quantised = np.concatenate([answer[output] for answer in answers]) / 256
        assert np.corrcoef(quantised.ravel(), np.asarray(expected[output]).ravel())[0, 1] > 0.8


def test_device_gets_what_it_needs(networks, faces):
    whole = networks["joint_light"](faces, training=False)
    assert np.array_equal(for_device(networks["joint_light"])(faces, training=False), whole["expression"])
    both = for_device(networks["joint_light"], occlusion=True)(faces, training=False)
    assert set(both) == {"expression", "occlusion"}
    assert np.array_equal(both["occlusion"], whole["occlusion"])


def test_calibrates_as_any_classifier(networks, faces):
    cold = np.asarray(with_temperature(for_device(networks["joint_light"]), 0.5)(faces, training=False))
    warm = np.asarray(for_device(networks["joint_light"])(faces, training=False))
    assert cold == pytest.approx(warm**2 / (warm**2).sum(1, keepdims=True), abs=1e-5)


@pytest.mark.parametrize("name", ["joint", "joint_light"])
def test_inspection(name, networks, faces):
    seen = inspect(networks[name], faces, batch_size=4)
    answers = networks[name](faces, training=False)
    assert seen.probabilities == pytest.approx(np.asarray(answers["expression"]), abs=1e-5)
    assert seen.occlusion == pytest.approx(np.asarray(answers["occlusion"])[..., 0], abs=1e-5)
    assert seen.landmarks.shape == (6, 4, 4, 68)
    assert seen.gates.shape == (6, len(REGIONS))
    assert seen.weights.shape == (6, 4, 4, len(REGIONS))
    assert seen.fused.shape[:3] == (6, 4, 4)
    for share in (seen.gates, seen.weights, seen.attention / len(REGIONS)):
        assert share.min() > 0
        assert share.max() < 1


def test_gates_decide_what_is_fused(networks, faces):
    """The fused feature is the regions' sum, each times its gate."""
    model = networks["joint"]
    seen = inspect(model, faces)
    regions = keras.Model(
        model.input, [model.get_layer(f"effm_{region}_residual_relu").output for region in REGIONS]
    )(faces, training=False)
    fused = sum(
        gate[:, None, None, None] * region
        for gate, region in zip(seen.gates.T, map(np.asarray, regions), strict=True)
    )
    assert seen.fused == pytest.approx(fused, abs=1e-4)


def test_covered_cells_get_no_attention(networks, faces):
    model = keras.models.clone_model(networks["joint"])
    kernel, _ = model.get_layer("occlusion").get_weights()
    model.get_layer("occlusion").set_weights([0 * kernel, np.array([30.0])])
    assert inspect(model, faces).attention.max() < 1e-6


@pytest.mark.parametrize("module", ["fopm", "effm"])
def test_nothing_to_look_at(module, faces, tiny):
    with pytest.raises(ValueError, match="joint was built without FOPM or EFFM"):
        inspect(joint(**tiny, **{module: False}), faces)


def test_no_occlusion_map(tiny):
    with pytest.raises(ValueError, match="joint was built without FOPM: it has no occlusion map"):
        for_device(joint(**tiny, fopm=False), occlusion=True)
