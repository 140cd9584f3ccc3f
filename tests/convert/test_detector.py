from functools import partial

import keras
import numpy as np
import pytest
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter

from convert.card import detection_card
from convert.detection_bundle import Contents, describe, golden_frames, write_bundle
from convert.detector import representative
from convert.export import operators, to_float16, to_float32, to_int8
from convert.metadata import with_metadata
from convert.partitions import partitions
from edge.detectors.facet import Facet
from edge.detectors.golden import compare_golden
from edge.labels import MASK_STATES
from train_keras.detection.batches import PictureBatches, to_input
from train_keras.detection.pictures import Picture, face_rows
from train_keras.detection.sampling import Mixture, Sources
from train_keras.models.facet import facet

WIDTH, HEIGHT = 96, 64


@pytest.fixture(scope="module")
def pictures():
    """Frames of the demo clip, uint8 [4, 64, 96, 3], the first with the darkest and the brightest pixel."""
    frames = golden_frames()[:, :HEIGHT, 80 : 80 + WIDTH].copy()
    frames[:, 0, :2] = [[0] * 3, [255] * 3]
    return frames


@pytest.fixture(scope="module")
def detector(pictures):
    """A small facet with random weights, its statistics fitted to the pictures and its outputs spread."""
    keras.utils.set_random_seed(3)
    model = facet((WIDTH, HEIGHT), (8, 8, 16, 16, 16), (1, 1, 0, 0), 16)
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = 0.0
    model(to_input(pictures), training=True)
    return model


@pytest.fixture(scope="module")
def int8(detector, pictures):
    return to_int8(detector, list(to_input(pictures)[:, None]), input=tf.int8, output=tf.int8)


def run(flatbuffer, picture):
    """Real values of the six maps by name, of any input size."""
    interpreter = Interpreter(model_content=flatbuffer, num_threads=1)
    index = interpreter.get_input_details()[0]["index"]
    interpreter.resize_tensor_input(index, [1, *picture.shape])
    interpreter.allocate_tensors()
    interpreter.set_tensor(index, picture[None])
    interpreter.invoke()
    maps = {}
    for detail in interpreter.get_output_details():
        values = interpreter.get_tensor(detail["index"]).astype(np.float32)
        scale, zero = detail["quantization"]
        kind = "class" if values.shape[-1] == 4 else "geometry"
        maps[f"{kind}{picture.shape[0] // values.shape[1]}"] = (values - zero) * scale if scale else values
    return maps


def test_builtin_operators_only(int8, detector):
    for data in (int8, to_float32(detector), to_float16(detector)):
        assert partitions(data).count == 1
        assert partitions(data).outside == ()
        names = operators(data)
        assert names.count("DEPTH_TO_SPACE") == 2
        assert "QUANTIZE" not in names  # a conversion of the picture takes as long as a fifth of the network
        assert {"CONV_2D", "DEPTHWISE_CONV_2D"} <= set(names)


def test_pixels_go_in_less_128(int8):
    interpreter = Interpreter(model_content=int8)
    (given,) = interpreter.get_input_details()
    assert given["dtype"] == np.int8
    assert given["quantization"] == (pytest.approx(1 / 128, rel=0.01), 0)
    assert all(detail["dtype"] == np.int8 for detail in interpreter.get_output_details())


def test_int8_says_what_keras_says(int8, detector, pictures):
    expected = detector(to_input(pictures[1:2]), training=False)
    found = run(int8, (pictures[1] ^ 128).view(np.int8))
    assert set(found) == set(expected)
    for name, values in expected.items():
        together = np.corrcoef(np.asarray(values).ravel(), found[name].ravel())[0, 1]
        assert together > 0.95, name


@pytest.mark.parametrize("size", [(32, 32), (64, 128), (160, 96)])
def test_one_flatbuffer_serves_every_size(detector, size):
    height, width = size
    picture = np.random.default_rng(1).integers(0, 256, (height, width, 3), np.uint8)
    twin = facet((width, height), (8, 8, 16, 16, 16), (1, 1, 0, 0), 16)
    twin.set_weights(detector.get_weights())
    expected = twin(to_input(picture[None]), training=False)
    found = run(to_float32(detector), to_input(picture))
    for name, values in expected.items():
        assert found[name] == pytest.approx(np.asarray(values), abs=1e-3), name


def test_representative_pictures_span_the_input():
    photo = Picture(np.full((80, 100, 3), 90, np.uint8), face_rows(np.zeros((0, 4), np.float32)))
    batches = PictureBatches(
        Sources([photo]), (WIDTH, HEIGHT), pictures=4, batch_size=1, seed=1, mixture=Mixture()
    )
    given = list(representative(batches))
    assert len(given) == 4
    assert all(picture.shape == (1, HEIGHT, WIDTH, 3) and picture.dtype == np.float32 for picture in given)
    assert (given[0].min(), given[0].max()) == (-1, 255 / 128 - 1)


def test_bundle(int8, pictures, record, tmp_path):
    contents = Contents(
        name="small",
        version="1.2.3",
        quantisation="int8",
        size=(WIDTH, HEIGHT),
        threshold=0.011,  # an untrained network is sure of nothing
        training={"data": "none"},
        metrics=[{"set": "recall, bare", "value": 12.345, "protocol": "by nobody"}],
        card=partial(detection_card, record=record, table="| a | table |"),
    )
    told = with_metadata(int8, describe("small", "1.2.3", 6))
    bundle = write_bundle(tmp_path / "small", told, contents, pictures)
    assert bundle.manifest.labels == MASK_STATES
    assert set(bundle.manifest.sha256) == {"model.tflite", "golden.npz", "MODEL_CARD.md"}
    card = (bundle.path / "MODEL_CARD.md").read_text()
    assert "small 1.2.3" in card
    assert "12.35" in card or "12.34" in card
    with np.load(bundle.golden) as golden:
        assert golden["counts"].sum() == len(golden["boxes"])
        assert not compare_golden(bundle, golden).faults
    assert [len(Facet(bundle, max(WIDTH, HEIGHT)).detect(picture)) for picture in pictures] == golden_counts(
        bundle
    )


def golden_counts(bundle):
    with np.load(bundle.golden) as golden:
        return golden["counts"].tolist()
