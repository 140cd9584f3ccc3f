import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.errors import ConfigError
from train_keras import changes

RNG = np.random.default_rng(5)


def draw(*shape):
    return RNG.standard_normal(shape).astype(np.float32)


def lost(back, before, after):
    return np.square(back - after).sum() / np.square(after - before).sum()


def test_a_change_along_few_directions_comes_back():
    began = [draw(512, 256), draw(256), None]
    ended = [began[0] + 0.01 * draw(512, 8) @ draw(8, 256), draw(256), draw(4, 3)]
    arrays = changes.between(began, ended)
    back = changes.apply(began, arrays)
    assert lost(back[0], began[0], ended[0]) < 1e-3  # of 8 bits
    assert np.array_equal(back[1], ended[1].astype(np.float16))
    assert np.array_equal(back[2], ended[2].astype(np.float16))
    assert list(arrays) == changes.names(began)
    assert sum(each.nbytes for each in arrays.values()) < (512 + 256) * changes.RANK + 2000


def test_what_comes_back_is_as_near_as_the_rank_allows():
    began = [draw(300, 400)]
    ended = [began[0] + 0.01 * draw(300, 400)]
    best = np.square(np.linalg.svd(ended[0] - began[0], compute_uv=False))
    share = best[changes.RANK :].sum() / best.sum()
    assert share <= lost(changes.apply(began, changes.between(began, ended))[0], began[0], ended[0])
    assert lost(changes.apply(began, changes.between(began, ended))[0], began[0], ended[0]) < share + 1e-3


@settings(max_examples=20, deadline=None)
@given(rows=st.integers(1, 700), columns=st.integers(1, 300))
def test_every_shape(rows, columns):
    began = [np.zeros((rows, columns), np.float32)]
    ended = [np.outer(np.linspace(-1, 1, rows), np.linspace(0.5, 1, columns)).astype(np.float32)]
    back = changes.apply(began, changes.between(began, ended))[0]
    assert back.shape == ended[0].shape
    assert np.abs(back - ended[0]).max() < 0.02


def test_another_start_is_refused():
    began = [draw(300, 300), draw(8)]
    arrays = changes.between(began, [draw(300, 300), draw(8)])
    changes.apply([began[0], began[1] + 1e-6], arrays)  # kept whole: nothing is told from it
    with pytest.raises(ConfigError, match="of another start than this one"):
        changes.apply([began[0] + 1e-6, began[1]], arrays)


@pytest.mark.parametrize("side", ["left0", "right0", "sizes0"])
def test_arrays_that_do_not_fit(side):
    began = [draw(300, 300)]
    arrays = changes.between(began, [draw(300, 300)])
    with pytest.raises(ValueError, match=r"broadcast|mismatch"):
        changes.apply(began, {**arrays, side: arrays[side][:-1]})
