from collections import Counter
from dataclasses import replace

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


def test_creased_cloth_is_rougher():
    u, v = np.meshgrid(np.linspace(-1, 1, 80, dtype=np.float32), np.linspace(0, 1, 60, dtype=np.float32))

    def roughness(kind):
        """How far the cloth strays from its mean, of the same colours, over 30 masks."""
        masks = [
            replace(draw_mask(np.random.default_rng(seed), kind), colour=(0.8,) * 3) for seed in range(30)
        ]
        return np.mean([render_cloth(mask, u, v)[..., 1].std() for mask in masks])

    assert roughness(Kind.CREASED) > 1.2 * max(roughness(kind) for kind in SHARES if kind != Kind.PATTERNED)


def test_standard_masks_are_never_creased():
    rng = np.random.default_rng(3)
    assert Kind.CREASED not in {draw_mask(rng).kind for _ in range(2000)}
