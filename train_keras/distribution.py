"""Data-parallel training on all devices that the JAX backend sees."""

from __future__ import annotations

import keras

from edge.errors import ConfigError


def distribute(batch_size: int) -> int:
    """Split every batch among the devices from now on, before a network is built; return their number.

    Each device holds all weights and sees its part of a batch; gradients and batch normalisation are those
    of the whole batch, so the result is that of one device but for rounding. Changes nothing on another
    backend or on one device.

    Raises:
        ConfigError: the batch cannot be split evenly.
    """
    devices = _devices()
    if len(devices) < 2:
        return 1
    if batch_size % len(devices):
        raise ConfigError(
            f"optimiser.batch_size: {batch_size} faces cannot be split among {len(devices)} devices: "
            f"choose a multiple of {len(devices)}"
        )
    keras.distribution.set_distribution(keras.distribution.DataParallel(devices=devices))
    return len(devices)


def fill_up(count: int) -> int:
    """The least number of rows from `count` on that the devices can share evenly."""
    distribution = keras.distribution.distribution()
    share = 1 if distribution is None else int(distribution.device_mesh.devices.size)
    return -(-count // share) * share


def _devices() -> list[str]:
    return list(keras.distribution.list_devices()) if keras.backend.backend() == "jax" else []
