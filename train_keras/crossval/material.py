"""The faces of a cross-validation: read, joined, and occluded once for all folds.

A copy depends on its face, the face's row and the seed alone, so an occluded copy made before the folds are
drawn is the one made after; test faces wear the fixed test occlusions, whose seed no training copy has. Where
dlib confirms no face, a mask sits on the set's mean landmarks, which hold no label.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from edge.errors import DataError
from edge.types import Image
from train_keras.crossval.recipe import BARE, CrossvalRecipe, FacesRecipe, Source
from train_keras.data.faces import Faces, Split
from train_keras.data.merging import merge
from train_keras.data.sets import read_set
from train_keras.occlusion.masked import Progress, occluded_pool, occluded_test, quiet


@dataclass(frozen=True, slots=True, eq=False)
class Tested:
    """Faces to test on.

    Attributes:
        faces: bare.
        pictures: uint8 [N, S, S] by what they wear.
    """

    faces: Faces
    pictures: dict[str, Image]


@dataclass(frozen=True, slots=True, eq=False)
class Material:
    """All that the folds are made of.

    Attributes:
        training: the faces of all training sets.
        pool: uint8 [V, N, S, S], the same ones occluded; None where nothing is.
        tests: by the set's name; in a cross-validation the training faces again.
    """

    training: Faces
    pool: Image | None
    tests: dict[str, Tested]


def read_material(recipe: CrossvalRecipe, progress: Progress = quiet) -> Material:
    """Read and occlude everything.

    Raises:
        ConfigError: there is no such data set.
        DataError: a set is missing or damaged, or nothing is left of it.
    """
    tested = [_read(source, recipe.data, progress) for source in recipe.test]
    trained = [
        _apart(_read(source, recipe.data, progress), tested, source.set) for source in recipe.train
    ]  # fmt: skip
    names = [source.set for source in recipe.test or recipe.train]
    tests = {
        name: Tested(faces, {worn: _wear(faces, worn, progress) for worn in recipe.data.tested})
        for name, faces in zip(names, tested or trained, strict=True)
    }
    pools = [
        occluded_pool(faces, recipe.data.occlusions, recipe.seed, recipe.data.variants, progress)
        for faces in trained
        if recipe.data.masked
    ]
    return Material(join(trained), np.concatenate(pools, axis=1) if pools else None, tests)


def join(sets: Sequence[Faces]) -> Faces:
    """Faces of several sets as one; those of a set that names nobody are each a person of their own."""
    if len(sets) == 1:
        return sets[0]
    named = any(faces.identities is not None for faces in sets)
    people = [
        faces.identities
        if faces.identities is not None
        else np.array([f"nameless {number}/{row}" for row in faces.rows], np.str_)
        for number, faces in enumerate(sets)
    ]
    return Faces(
        np.concatenate([faces.images for faces in sets]),
        np.concatenate([faces.targets for faces in sets]),
        np.concatenate([faces.splits for faces in sets]),
        np.concatenate([faces.rows for faces in sets]),
        labels=sets[0].labels,
        identities=np.concatenate(people) if named else None,
    )


def fingerprint(material: Material) -> str:
    """Changes with the faces, their labels and what they wear; 64 hexadecimal digits."""
    digest = hashlib.sha256()
    pools = [material.pool] if material.pool is not None else []
    for array in (material.training.images, material.training.targets, *pools):
        digest.update(np.ascontiguousarray(array).data)
    for name, test in material.tests.items():
        digest.update(f"{name} {' '.join(test.pictures)} ".encode())
        for array in (test.faces.rows, test.faces.targets, *test.pictures.values()):
            digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


def _read(source: Source, data: FacesRecipe, progress: Progress) -> Faces:
    faces = read_set(source.set, source.path, data.size, progress)
    if source.part != "all":
        wanted = faces.splits == Split.TRAINING
        faces = faces[wanted if source.part == "training" else ~wanted]
    if not len(faces):
        raise DataError(f"{source.set} has no {source.part} faces: name another part of it")
    if faces.identities is not None:
        people = np.array([f"{source.set}/{person}" for person in faces.identities], np.str_)
        faces = replace(faces, identities=people)
    return merge(faces, data.labels)


def _apart(faces: Faces, tested: Sequence[Faces], name: str) -> Faces:
    """Training faces that are no test face's copy and show none of its people."""
    for others in tested:
        faces = faces.without_copies_of(others)
        if faces.identities is not None and others.identities is not None:
            faces = faces[~np.isin(faces.identities, others.identities)]
    if not len(faces):
        raise DataError(f"no face of {name} is left that is not tested on: train on another set or part")
    return faces


def _wear(faces: Faces, worn: str, progress: Progress) -> Image:
    return faces.images if worn == BARE else occluded_test(faces, worn, progress)[0]
