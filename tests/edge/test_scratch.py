import doctest

import edge.scratch
from edge.scratch import Scratch


def test_examples():
    assert doctest.testmod(edge.scratch).failed == 0


def test_memory_is_made_anew_only_for_larger_pictures():
    scratch = Scratch()
    made = {id(scratch.picture(height, 64, 3).base) for height in range(1, 61)}
    assert len(made) <= 7
    first = scratch.picture(60, 64, 3)
    assert first.shape == (60, 64, 3)
    assert scratch.picture(1, 1).base is first.base
    assert scratch.picture(0, 5).shape == (0, 5)
