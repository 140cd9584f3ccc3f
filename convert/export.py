"""Keras to TFLite: float32, float16 weights, dynamic-range int8 weights, and full-integer int8."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

import keras
import numpy as np
import tensorflow as tf

from convert.ends import with_integer_ends
from convert.flatbuffer import read_operators
from edge.errors import ModelError
from edge.types import Floats
from train_keras.batches import INPUT_OFFSET, INPUT_SCALE


def with_temperature(model: keras.Model, temperature: float) -> keras.Model:
    """The same network with calibrated probabilities: its logits divided by the temperature.

    The division goes into the last dense layer's weights, so it costs nothing and every tool that runs
    the .tflite sees calibrated probabilities.
    """
    twin = keras.models.clone_model(model)
    twin.set_weights(model.get_weights())
    dense = twin.get_layer("logits")
    dense.set_weights([weights / temperature for weights in dense.get_weights()])
    return twin


def to_float32(model: keras.Model) -> bytes:
    """TFLite flatbuffer with float32 weights, input and output, batch of one."""
    with _converter(model) as converter:
        return converter.convert()


def to_float16(model: keras.Model) -> bytes:
    """TFLite flatbuffer with float16 weights, half as large; input, output and arithmetic are float32."""
    with _converter(model) as converter:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.target_spec.supported_types = [tf.float16]
        return converter.convert()


def to_dynamic(model: keras.Model) -> bytes:
    """TFLite flatbuffer with int8 weights whose activations are quantised as they come; float32 in and out.

    It needs no calibration. Weights too small to be worth it stay float32.
    """
    with _converter(model) as converter:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        return converter.convert()


def to_int8(
    model: keras.Model,
    calibration: Iterable[Floats],
    input: tf.DType = tf.uint8,
    output: tf.DType = tf.uint8,
) -> bytes:
    """Full-integer TFLite flatbuffer: int8 weights per channel, int8 activations.

    Args:
        calibration: float32 [1, H, W, C] inputs as the network reads them, from training pictures. They must
            span the whole input range, or raw pixels would not be the quantised values.
        input: uint8 takes pixels as they are; int8 takes them less 128 and saves the first conversion, which
            for a picture of 320 x 256 takes as long as a fifth of the detector.
        output: uint8, or int8, which saves the last conversion.
    """
    with _int8_converter(model, calibration) as converter:
        converter.inference_input_type, converter.inference_output_type = input, output
        return converter.convert()


def to_mixed(model: keras.Model, calibration: Sequence[Floats], tensors: Sequence[str]) -> bytes:
    """int8 as of `to_int8`, but for the operators that make these tensors: they stay float32.

    The softmax stays float32, too: as integers it would be a piece that XNNPACK leaves out. Input and output
    are uint8 all the same.

    Args:
        calibration: as of `to_int8`; read twice.
        tensors: names of TFLite tensors (`layers.tensors_of`).
    """
    with _int8_converter(model, calibration) as converter, warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # TensorFlow's, of its own interpreter's end
        options = tf.lite.experimental.QuantizationDebugOptions(
            denylisted_nodes=list(tensors), denylisted_ops=["SOFTMAX"]
        )
        debugger = tf.lite.experimental.QuantizationDebugger(
            converter=converter,
            debug_dataset=converter.representative_dataset,
            debug_options=options,
        )
        return with_integer_ends(debugger.get_nondebug_quantized_model(), INPUT_SCALE, INPUT_OFFSET)


def operators(flatbuffer: bytes) -> list[str]:
    """Names of the operators of a flatbuffer, in order.

    Raises:
        ModelError: one of them is a custom or Flex operator, which a plain runtime does not have.
    """
    names = [operator.name for operator in read_operators(flatbuffer)]
    foreign = [name for name in names if name.startswith("Flex") or name in ("CUSTOM", "DELEGATE")]
    if foreign:
        raise ModelError(
            f"the converted model needs {', '.join(sorted(set(foreign)))}: use builtin operators only"
        )
    return names


@contextmanager
def _int8_converter(model: keras.Model, calibration: Iterable[Floats]) -> Iterator[tf.lite.TFLiteConverter]:
    with _converter(model) as converter:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = lambda: ([np.asarray(face, np.float32)] for face in calibration)
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        yield converter


@contextmanager
def _converter(model: keras.Model) -> Iterator[tf.lite.TFLiteConverter]:
    """A converter of the network, batch of one; it reads a SavedModel, so that weights are frozen."""
    shape = (1, *model.input_shape[1:])
    archive = keras.export.ExportArchive()
    archive.track(model)
    signature = [keras.InputSpec(shape=shape, dtype="float32", name="face")]
    archive.add_endpoint("serve", lambda face: model(face, training=False), input_signature=signature)
    with tempfile.TemporaryDirectory() as folder:
        archive.write_out(folder, verbose=False)
        yield tf.lite.TFLiteConverter.from_saved_model(folder)
