import ai_edge_litert.interpreter as litert
import keras
import numpy as np
import pytest
import tensorflow as tf

from convert.export import operators, to_float32, to_int8, with_temperature
from edge.errors import ConfigError
from train_keras.models import BUILDERS, build
from train_keras.models.layers import BatchNorm
from train_keras.models.references import REFERENCES
from train_keras.models.references.ghostnet import BOTTLENECKS

SIZE = 32
TINY = {
    "mobilenet_v1": {"width": 0.25},
    "mobilenet_v2": {"width": 0.25},
    "mobilenet_v3": {"width": 0.25},
    "shufflenet_v1": {"width": 0.25},
    "shufflenet_v2": {"width": 0.5},
    "vgg16": {"width": 1 / 16},
    "resnet18": {"width": 1 / 8},
    "ghostnet": {"width": 0.25},
}


# Fewer blocks in the files that define these, each kind of block kept.
FEWER = {"UNITS": (2, 2, 2), "BOTTLENECKS": BOTTLENECKS[:5] + BOTTLENECKS[11:12]}


def tiny(name, **options):
    keras.utils.set_random_seed(1)
    constants = REFERENCES[name].args[0].__globals__
    with pytest.MonkeyPatch.context() as patch:
        for constant in FEWER.keys() & constants.keys():
            patch.setitem(constants, constant, FEWER[constant])
        return build(name, input_size=SIZE, channels=1, **TINY[name] | options)


def settled(model, faces):
    """The network with the faces' own statistics; with fresh ones all faces look alike to a deep network."""
    for layer in model.layers:
        if isinstance(layer, BatchNorm):
            layer.momentum = 0.0
    model(faces, training=True)
    return model


def front(model):
    """The first half of the network's layers with a head: all its kinds of layers, half the conversion."""
    layers = [layer for layer in model.layers if len(layer.output.shape) == 4]
    x = keras.layers.GlobalAveragePooling2D()(layers[len(layers) // 2].output)
    return keras.Model(model.input, keras.layers.Dense(7, activation="softmax")(x))


@pytest.fixture(scope="module", params=list(REFERENCES))
def network(request, faces):
    return settled(tiny(request.param), faces)


@pytest.fixture(scope="module")
def faces():
    return np.random.default_rng(0).uniform(-1, 1, (8, SIZE, SIZE, 1)).astype(np.float32)


def run(flatbuffer, face):
    """Answer of a flatbuffer, as the runtime on the device gives it."""
    interpreter = litert.Interpreter(model_content=flatbuffer)
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], face)
    interpreter.invoke()
    return interpreter.get_tensor(interpreter.get_output_details()[0]["index"])


def test_all_are_registered():
    assert REFERENCES.items() <= BUILDERS.items()
    assert TINY.keys() == REFERENCES.keys()


def test_gradient_reaches_every_weight(network, faces):
    targets = np.eye(8, 7, dtype=np.float32)
    with tf.GradientTape() as tape:
        losses = keras.losses.categorical_crossentropy(targets, network(faces, training=True))
    gradients = tape.gradient(losses, [weight.value for weight in network.trainable_weights])
    idle = [
        weight.path
        for weight, gradient in zip(network.trainable_weights, gradients, strict=True)
        if gradient is None or not np.abs(gradient).max() > 0
    ]
    assert not idle


def test_probabilities_before_and_after_saving(network, faces, tmp_path):
    answers = np.asarray(network(faces, training=False))
    assert answers.shape == (8, 7)
    assert answers.sum(1) == pytest.approx(np.ones(8), abs=1e-5)
    assert np.abs(answers[0] - answers[1]).max() > 1e-3
    network.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert np.array_equal(loaded(faces, training=False), answers)


@pytest.mark.slow
def test_tflite_with_builtin_operators(network, faces):
    flatbuffer = to_float32(network)
    assert "CONV_2D" in operators(flatbuffer)
    assert run(flatbuffer, faces[:1]) == pytest.approx(np.asarray(network(faces[:1])), abs=1e-4)


@pytest.mark.slow
def test_int8(network, faces):
    part = front(network)
    flatbuffer = to_int8(part, np.split(faces, len(faces)), tf.int8, tf.int8)
    assert "DEQUANTIZE" not in operators(flatbuffer)
    pixels = np.round(faces[:1] * 127.5 - 0.5).clip(-128, 127).astype(np.int8)
    probabilities = (run(flatbuffer, pixels).astype(float) + 128) / 256
    assert probabilities == pytest.approx(np.asarray(part(faces[:1])), abs=0.05)


def test_groups_and_shuffling_in_tflite(faces):
    model = tiny("shufflenet_v1", groups=3)
    part = keras.Model(model.input, model.get_layer("stage2_unit2_out").output)
    expected = part.predict_on_batch(faces[:1])
    assert expected.std() > 1e-3
    for flatbuffer in (to_float32(part), to_int8(part, [faces[:1]], tf.float32, tf.float32)):
        assert "TRANSPOSE" in operators(flatbuffer)
        assert run(flatbuffer, faces[:1]) == pytest.approx(expected, abs=0.05 * float(expected.max()))


def test_shuffling_deals_the_channels_out():
    shuffled = [layer for layer in tiny("shufflenet_v2").layers if layer.name.startswith("stage2_unit1_")]
    inputs = shuffled[0].input
    join = next(layer for layer in shuffled if layer.name.endswith("_join"))
    out = next(layer for layer in shuffled if layer.name.endswith("_shuffled"))
    joined, dealt = keras.Model(inputs, [join.output, out.output])(np.ones((1, *inputs.shape[1:])))
    half = joined.shape[-1] // 2
    order = [i // 2 + half * (i % 2) for i in range(2 * half)]
    assert np.array_equal(np.asarray(dealt), np.asarray(joined)[..., order])


@pytest.mark.parametrize("name", ["mobilenet_v3", "shufflenet_v2", "ghostnet"])
def test_mixed_precision(name, faces):
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        answers = np.asarray(tiny(name)(faces, training=True))
    finally:
        keras.config.set_dtype_policy("float32")
    assert answers.dtype == np.float32
    assert answers.sum(1) == pytest.approx(np.ones(8), abs=1e-5)


def test_temperature_and_dropout(faces):
    model = tiny("resnet18", dropout=0.3)
    assert model.get_layer("dropout").rate == 0.3
    sharp, soft = (np.log(np.asarray(m(faces))) for m in (model, with_temperature(model, 2.0)))
    assert np.ptp(soft, axis=1) == pytest.approx(np.ptp(sharp, axis=1) / 2, rel=1e-3)


@pytest.mark.parametrize("name", list(REFERENCES))
def test_too_small_a_face(name):
    with pytest.raises(ValueError, match=r"at least 32 px.*got 31"):
        REFERENCES[name](31)
    with pytest.raises(ConfigError, match=r"model\.options: input_size must be at least 32"):
        build(name, input_size=16)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("shufflenet_v1", {"groups": 5}, "groups must be one of 1, 2, 3, 4, 8, got 5"),
        ("shufflenet_v1", {"groups": 8, "width": 0.25}, "leaves 6 and 96 channels: no 8 groups in them"),
        ("shufflenet_v2", {"width": 0.75}, r"width must be one of 0\.5, 1\.0, 1\.5, 2\.0, got 0\.75"),
    ],
)
def test_impossible_widths(name, options, message):
    with pytest.raises(ValueError, match=message):
        REFERENCES[name](**options)
