"""Folds and held-out shares that never show a network a person, or a picture, that it is tested on."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold, train_test_split

from train_keras.data.faces import Faces, Rows

FINEST = 20  # a held-out share of people is rounded to so many parts of all at the finest


def folds(faces: Faces, k: int, seed: int) -> list[tuple[Rows, Rows]]:
    """Cross-validation: k times the indices of the training and of the test faces, each int64.

    Every face is tested once. Each class spreads evenly over the folds, as far as it can. Where the set tells
    who is seen, all faces of a person lie in one fold; everywhere all copies of a picture do.

    Raises:
        ValueError: k below 2, or more folds than people (or, where nobody is named, pictures).
    """
    groups = linked(faces)
    count = int(groups.max(initial=-1)) + 1
    if k < 2:
        raise ValueError(f"{k} folds: cross-validation needs 2 or more")
    if k > count:
        what = "pictures" if faces.identities is None else "people"
        raise ValueError(f"{k} folds of {count} different {what}: choose {count} folds or fewer")
    if faces.identities is not None:
        splitter = StratifiedGroupKFold(k, shuffle=True, random_state=seed)
        return [_sorted(*fold) for fold in splitter.split(faces.classes, faces.classes, groups)]
    # Copies follow the first of them: the grouping splitter takes long where every group is one face.
    first = np.unique(groups, return_index=True)[1]
    splitter = StratifiedKFold(k, shuffle=True, random_state=seed)
    tests = [np.isin(groups, groups[first[test]]) for _, test in splitter.split(first, faces.classes[first])]
    return [(np.flatnonzero(~test), np.flatnonzero(test)) for test in tests]


def hold_out(faces: Faces, share: float, seed: int) -> tuple[Rows, Rows]:
    """Indices of the training faces and of a held-out share, each int64, apart as in `folds`.

    Args:
        share: above 0 and below 1. Where the set tells who is seen it is rounded to a fraction of at most
            twenty parts, or as many as there are people.
    Raises:
        ValueError: another share, or too few people or pictures for it.
    """
    if not 0 < share < 1:
        raise ValueError(f"share {share}: hold out more than none and less than all of the faces")
    groups = linked(faces)
    if faces.identities is None:
        first = np.unique(groups, return_index=True)[1]
        _, chosen = train_test_split(first, test_size=share, random_state=seed, stratify=faces.classes[first])
        held = np.isin(groups, groups[chosen])
        return np.flatnonzero(~held), np.flatnonzero(held)
    count = int(groups.max(initial=-1)) + 1
    parts = Fraction(share).limit_denominator(max(min(FINEST, count), 1))
    if parts.denominator < 2:
        raise ValueError(
            f"share {share} of {count} people: too few for it, or too near to none or all of them"
        )
    tests = [test for _, test in folds(faces, parts.denominator, seed)[: parts.numerator]]
    return _sorted(np.setdiff1d(np.arange(len(faces)), np.concatenate(tests)), np.concatenate(tests))


def linked(faces: Faces) -> Rows:
    """The number of each face's group, int64 [N]: faces of one person, and pixel-identical ones, share one.

    Links chain: a picture under two names joins all faces of both.
    """
    seen: dict[bytes, int] = {}
    pictures = np.array([seen.setdefault(image.tobytes(), len(seen)) for image in faces.images], np.int64)
    if faces.identities is None:
        return pictures
    people = np.unique(faces.identities, return_inverse=True)[1]
    groups = people
    while True:
        wider = _least_of_each(people, _least_of_each(pictures, groups))
        if np.array_equal(wider, groups):
            return np.asarray(np.unique(groups, return_inverse=True)[1], np.int64)
        groups = wider


def _least_of_each(keys: Rows, values: Rows) -> Rows:
    """For each place the least value among the places with its key."""
    least = np.full(keys.max(initial=-1) + 1, len(keys), np.int64)
    np.minimum.at(least, keys, values)
    return least[keys]


def _sorted(training: Rows, testing: Rows) -> tuple[Rows, Rows]:
    return np.sort(training).astype(np.int64), np.sort(testing).astype(np.int64)
