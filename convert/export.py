"""Keras to TFLite: float32 and full-integer int8."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import keras
import numpy as np
import tensorflow as tf

from edge.errors import ModelError
from edge.types import Floats


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
    return _converter(model).convert()


def to_int8(model: keras.Model, calibration: Iterable[Floats]) -> bytes:
    """Full-integer TFLite flatbuffer: int8 weights per channel, int8 activations, uint8 in and out.

    Args:
        calibration: float32 [1, S, S, C] inputs as the network reads them, from training faces. They must
            span the whole input range, or raw pixels would not be the quantised values.
    """
    converter = _converter(model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]

    def representative() -> Iterator[list[Floats]]:
        for face in calibration:
            yield [np.asarray(face, np.float32)]

    converter.representative_dataset = representative
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.uint8
    return converter.convert()


def operators(flatbuffer: bytes) -> list[str]:
    """Names of the operators of a flatbuffer, in order.

    Raises:
        ModelError: one of them is a custom or Flex operator, which a plain runtime does not have.
    """
    interpreter = tf.lite.Interpreter(
        model_content=flatbuffer,
        experimental_op_resolver_type=tf.lite.experimental.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
    )
    names = [operator["op_name"] for operator in interpreter._get_ops_details()]
    foreign = [name for name in names if name.startswith("Flex") or name in ("CUSTOM", "DELEGATE")]
    if foreign:
        raise ModelError(
            f"the converted model needs {', '.join(sorted(set(foreign)))}: use builtin operators only"
        )
    return names


def _converter(model: keras.Model) -> tf.lite.TFLiteConverter:
    shape = (1, *model.input_shape[1:])
    function = tf.function(lambda face: model(face, training=False))
    concrete = function.get_concrete_function(tf.TensorSpec(shape, tf.float32, name="face"))
    return tf.lite.TFLiteConverter.from_concrete_functions([concrete], model)
