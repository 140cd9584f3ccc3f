import os
import threading

import numpy as np
import pytest

from edge.runtime import dequantisation, quiet_runtime, runtime_version, write_pixels


def test_the_runtime_tells_its_version():
    assert runtime_version().startswith(("ai-edge-litert ", "tflite-runtime "))


def test_what_the_runtime_greets_with_is_not_seen(capfd):
    with quiet_runtime():
        os.write(2, b"INFO: created a delegate\n")
    os.write(2, b"after")
    assert capfd.readouterr().err == "after"


@pytest.mark.parametrize(
    ("dtype", "expected"),
    [(np.uint8, [0, 128, 255]), (np.int8, [-128, 0, 127]), (np.float32, [-1, 0, 0.9921875])],
)
def test_pixels_go_in_as_the_conversion_expects_them(dtype, expected):
    buffer = np.zeros((1, 3, 3), dtype)
    grey = np.uint8([[[0], [128], [255]]])
    for pixels in (grey, np.repeat(grey, 3, axis=2)):
        write_pixels(buffer, pixels, 1 / 128, -1.0)
        assert buffer.tolist() == [[[value] * 3 for value in expected]]


def test_a_tensor_that_is_not_quantised_has_scale_one():
    assert dequantisation({"quantization": (0.0, 0)}) == (1, 0)
    assert dequantisation({"quantization": (0.25, -3)}) == (0.25, -3)


def test_only_the_greeting_is_kept_off_standard_error_whatever_other_threads_do(capfd):
    def make_runtimes(thread):
        for number in range(50):
            with quiet_runtime():
                os.write(2, b"INFO: Created a delegate\n")
                os.write(2, f"thread {thread} says {number}\n".encode())

    threads = [threading.Thread(target=make_runtimes, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    os.write(2, b"afterwards\n")
    lines = capfd.readouterr().err.splitlines()
    assert len(lines) == 4 * 50 + 1
    assert len(set(lines)) == len(lines)
    assert lines[-1] == "afterwards"
    assert not any(line.startswith("INFO") for line in lines)
