from collections import Counter

import numpy as np

from train_keras.occlusion.masks import BELOW_NOSE, SHARES, Kind, draw_mask, render_cloth


def test_kinds_and_wear_come_in_their_shares():
    rng = np.random.default_rng(0)
    drawn = [draw_mask(rng) for _ in range(3000)]
    kinds = Counter(mask.kind for mask in drawn)
    for kind, share in SHARES.items():
        assert abs(kinds[kind] / len(drawn) - share) < 0.04
    below = np.mean([mask.top > 1 for mask in drawn])
    assert abs(below - BELOW_NOSE) < 0.025


def test_cloths_differ_and_stay_in_range():
    u, v = np.meshgrid(np.linspace(-1, 1, 80, dtype=np.float32), np.linspace(0, 1, 60, dtype=np.float32))
    cloths = {}
    for kind in Kind:
        cloth = render_cloth(draw_mask(np.random.default_rng(1), kind), u, v)
        assert cloth.shape == (60, 80, 3)
        assert cloth.dtype == np.float32
        assert cloth.min() > -0.2
        assert cloth.max() < 1.6
        cloths[kind] = cloth
    assert cloths[Kind.DARK].mean() < 0.3 < cloths[Kind.SURGICAL].mean()
