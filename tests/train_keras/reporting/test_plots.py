import cv2
import numpy as np
from drawn_answers import draw
from matplotlib.figure import Figure

from train_keras.measures import calibration, roc
from train_keras.reporting.plots import (
    DARK,
    LIGHT,
    draw_reliability,
    draw_roc,
    reliability_picture,
    roc_picture,
)


def axes():
    return Figure().subplots()


def decoded(png):
    return cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)


def test_light_and_dark():
    answers = draw("slim")
    for picture in (roc_picture, reliability_picture):
        light, dark = (decoded(picture(answers, theme)) for theme in (LIGHT, DARK))
        assert light.shape == dark.shape
        assert light.mean() > 180
        assert dark.mean() < 90
        assert min(light.std(), dark.std()) > 10


def test_roc_draws_each_label():
    answers, drawn = draw("slim", scheme="five"), axes()
    draw_roc(drawn, answers)
    found = roc(answers.probabilities, answers.classes)
    lines = {line.get_label(): line.get_xydata() for line in drawn.get_lines()}
    assert np.allclose(lines[f"happiness {found.areas[2]:.3f}"], found.curves[2])
    assert sum(not name.startswith("_") for name in lines) == 5
    assert f"{found.macro:.3f}" in drawn.get_title()


def test_happiness_keeps_its_colour():
    """In all label schemes."""
    colours = set()
    for scheme, name in (("seven", "happy"), ("five", "happiness"), ("three", "positive")):
        drawn = axes()
        draw_roc(drawn, draw("slim", scheme=scheme))
        colours |= {line.get_color() for line in drawn.get_lines() if line.get_label().startswith(name)}
    assert colours == {LIGHT.classes[3]}


def test_roc_without_any_curve():
    answers, drawn = draw("slim"), axes()
    only = type(answers)("slim", "ferplus", "mask", answers.rows, answers.probabilities, np.zeros(120, int))
    draw_roc(drawn, only)
    assert drawn.get_title() == "ROC"


def test_reliability_draws_full_bins():
    answers, drawn = draw("slim"), axes()
    draw_reliability(drawn, answers)
    found = calibration(answers.probabilities, answers.classes)
    heights = [bar.get_height() for bar in drawn.patches]
    assert np.allclose(heights, found.accuracy[found.counts > 0])
    assert f"{100 * found.error:.1f} %" in drawn.get_title()
