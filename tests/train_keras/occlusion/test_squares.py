import numpy as np
import pytest
from drawn import grainy

from train_keras.occlusion.squares import cover_square


@pytest.mark.parametrize(("side", "on_crop", "on_paper"), [(8, 3, 8), (16, 6, 16), (24, 9, 24)])
def test_sides_scale_from_the_papers_pictures(side, on_crop, on_paper):
    for size, pixels in ((48, on_crop), (128, on_paper)):
        covered = cover_square(grainy((size, size)), side, np.random.default_rng(0))[1] == 255
        assert covered.any(0).sum() == covered.any(1).sum() == pixels
        assert covered.sum() == pixels**2


def test_squares_fall_everywhere():
    picture = grainy((48, 48))
    drawn = [cover_square(picture, 24, np.random.default_rng(seed))[1] > 0 for seed in range(600)]
    assert np.any(drawn, axis=0).mean() > 0.95
    assert np.mean(drawn, axis=0).max() < 0.2  # nowhere preferred


@pytest.mark.parametrize("shape", [(1, 1), (2, 60), (48, 30, 3)])
def test_small_pictures(shape):
    covered = cover_square(grainy(shape), 8, np.random.default_rng(2))[1]
    assert covered.any()
