import numpy as np
import pytest

from train_keras.recipe import OptimiserRecipe
from train_keras.schedules import best_epoch, learning_rate, optimiser, stops


def rows(**columns):
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def test_constant_and_cosine():
    assert learning_rate(OptimiserRecipe(epochs=9, schedule="constant", learning_rate=0.1), []) == 0.1
    assert learning_rate(OptimiserRecipe(epochs=9), []) is None
    adam = optimiser(OptimiserRecipe(epochs=9, learning_rate=0.5, warmup_epochs=1), 10)
    rates = [float(adam._learning_rate(step)) for step in (0, 5, 10, 90)]
    assert rates == pytest.approx([0, 0.25, 0.5, 0], abs=1e-6)


def test_steps_fall_every_so_many_epochs():
    recipe = OptimiserRecipe(epochs=20, schedule="steps", learning_rate=0.002, factor=0.2, patience=6)
    rates = [learning_rate(recipe, rows(loss=[1.0] * n)) for n in (0, 5, 6, 11, 12)]
    assert rates == pytest.approx([0.002, 0.002, 0.0004, 0.0004, 0.00008])


@pytest.mark.parametrize(
    ("losses", "drops"),
    [
        ([], 0),
        ([3, 2, 1], 0),
        ([3, 3, 3], 1),
        ([3, 4, 2.9, 3, 3], 1),
        ([1, 2, 2, 2, 2], 2),
        ([1, 2, 0.5, 2, 0.4, 2], 0),
    ],
)
def test_plateau_falls_when_the_loss_has_not_fallen(losses, drops):
    recipe = OptimiserRecipe(epochs=20, schedule="plateau", learning_rate=1.0, factor=0.5, patience=2)
    assert learning_rate(recipe, rows(loss=losses)) == 0.5**drops


def test_early_stopping_keeps_the_best_epoch():
    recipe = OptimiserRecipe(epochs=9, stop_after=2, watch="public_full")
    history = rows(public_full=[0.3, 0.5, 0.5, 0.4])
    assert [stops(recipe, history[:n]) for n in range(1, 5)] == [False, False, False, True]
    assert best_epoch(recipe, history) == 2
    patient = OptimiserRecipe(epochs=4)
    assert [stops(patient, history[:n]) for n in range(1, 5)] == [False, False, False, True]
    assert best_epoch(patient, history) == 4


def test_named_optimisers():
    for name in ("adam", "adamw", "nadam"):
        made = optimiser(OptimiserRecipe(name=name, epochs=1, weight_decay=0.1, beta_2=0.99), 1)
        assert type(made).__name__.lower() == name
        assert np.isclose(made.beta_2, 0.99)
        assert made.weight_decay == (0.1 if name == "adamw" else None)
