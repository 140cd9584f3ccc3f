import shutil
from pathlib import Path

import pytest

from convert import classifier
from convert.commands import convert
from edge.bundles import SHIPPED, load
from edge.errors import ConfigError, ModelMissingError


@pytest.mark.parametrize(
    ("recipe", "options", "reason"),
    [
        (
            "slim",
            {"to": ["int8,int4"]},
            "--to int4: a network becomes one of float32, float16, dynamic, int8",
        ),
        ("facet", {"to": ["dynamic"]}, "--to dynamic: a detector becomes one of float32, float16, int8"),
        ("facet", {"keep_float": ["stem"]}, "--keep-float: a detector has no layers that need it"),
    ],
)
def test_what_cannot_be_asked_for(recipe, options, reason, tmp_path):
    with pytest.raises(ConfigError, match=reason):
        convert(Path(recipe), tmp_path, tmp_path, "0.1.0", **({"to": None, "keep_float": None} | options))


@pytest.mark.parametrize(("recipe", "kept"), [("slim", ["stem_conv,head_conv"]), ("facet", None)])
def test_a_run_that_is_not_there(recipe, kept, tmp_path):
    with pytest.raises(ModelMissingError, match=rf"model\.keras is missing: run `mien train {recipe}` first"):
        convert(Path(recipe), tmp_path, tmp_path, "0.1.0", ["float16,int8"], kept)


def test_a_bundle_keeps_its_version_when_it_is_made_again(tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(classifier, "convert_classifier", lambda *options: asked.append(options[3]) or [])
    convert(Path("slim"), tmp_path, tmp_path, None, None, None)
    shutil.copytree(SHIPPED / "slim_fine", tmp_path / "slim_fine")
    convert(Path("slim_fine"), tmp_path, tmp_path, None, None, None)
    convert(Path("slim_fine"), tmp_path, tmp_path, "7.0", None, None)
    assert asked == ["0.1.0", load("slim_fine").manifest.version, "7.0"]
