import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.errors import ConfigError
from train_keras import changes

RNG = np.random.default_rng(5)


def draw(*shape):
    return RNG.standard_normal(shape).astype(np.float32)


def test_changes_of_one_size_an_output_come_back_exactly():
    began = [draw(512, 256), draw(256), None]
    signs = np.where(RNG.random((512, 256)) < 0.5, -1, 1).astype(np.float32)
    sizes = np.float32(2.0) ** -RNG.integers(1, 8, 256)
    ended = [began[0] + signs * sizes, draw(256).astype(np.float16).astype(np.float32), draw(4, 3)]
    arrays = changes.between(began, ended)
    back = changes.apply(began, arrays)
    assert np.allclose(back[0], ended[0], atol=1e-6)
    assert np.array_equal(back[1], ended[1])
    assert np.array_equal(back[2], ended[2].astype(np.float16))
    assert list(arrays) == changes.names(began)
    assert sum(each.nbytes for each in arrays.values()) < 512 * 256 / 8 + 2000


def test_of_bell_shaped_changes_two_thirds_of_the_energy_come_back():
    began = [draw(300, 400)]
    change = 0.01 * draw(300, 400)
    (back,) = changes.apply(began, changes.between(began, [began[0] + change]))
    lost = np.square(back - began[0] - change).sum() / np.square(change).sum()
    assert lost == pytest.approx(1 - 2 / np.pi, abs=0.01)  # of a normal distribution, a sign and a mean size


@settings(max_examples=20, deadline=None)
@given(rows=st.integers(1, 700), columns=st.integers(1, 300))
def test_every_shape(rows, columns):
    began = [np.zeros((rows, columns), np.float32)]
    ended = [np.where(np.arange(rows * columns).reshape(rows, columns) % 3, 0.5, -0.5).astype(np.float32)]
    assert np.array_equal(changes.apply(began, changes.between(began, ended))[0], ended[0])


def test_another_start_is_refused():
    began = [draw(300, 300), draw(8)]
    arrays = changes.between(began, [draw(300, 300), draw(8)])
    changes.apply([began[0], began[1] + 1e-6], arrays)  # kept whole: nothing is told from it
    with pytest.raises(ConfigError, match="of another start than this one"):
        changes.apply([began[0] + 1e-6, began[1]], arrays)


def test_arrays_that_do_not_fit():
    began = [draw(300, 300)]
    arrays = changes.between(began, [draw(300, 300)])
    with pytest.raises(ValueError, match="broadcast"):
        changes.apply(began, {**arrays, "sizes0": arrays["sizes0"][:-1]})
    for signs in (arrays["signs0"][:-1], arrays["signs0"].astype(float)):
        with pytest.raises(ValueError, match=r"signs0 is .*, for a matrix \(300, 300\)"):
            changes.apply(began, {**arrays, "signs0": signs})
