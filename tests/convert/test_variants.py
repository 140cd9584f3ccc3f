import pytest

from convert.variants import VARIANTS, bundle_name, parse_variants
from edge.errors import ConfigError


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (["int8"], ("int8",)),
        (["int8,float32"], ("float32", "int8")),
        (["float16", " dynamic , float16"], ("float16", "dynamic")),
    ],
)
def test_words(given, expected):
    assert parse_variants(given) == expected


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (["int4"], r"--to int4: a network becomes one of float32, float16, dynamic, int8"),
        (["int8,"], r"--to \(nothing\)"),
        ([], "--to: name one or more of float32"),
    ],
)
def test_no_such_variant(given, reason):
    with pytest.raises(ConfigError, match=reason):
        parse_variants(given)


def test_a_detector_has_fewer():
    with pytest.raises(ConfigError, match="a detector becomes one of float32, int8"):
        parse_variants(["dynamic"], ("float32", "int8"), "a detector")


def test_names_of_bundles():
    assert [bundle_name("slim", v) for v in VARIANTS] == [
        "slim_float32",
        "slim_float16",
        "slim_dynamic",
        "slim",
    ]
