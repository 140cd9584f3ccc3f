import doctest
import json
import re

import jsonschema
import pytest

import edge.schemas
from edge.config import load
from edge.events import CameraEvent, ExpressionEvent, HealthEvent, ModelEvent, PersonEvent
from edge.reference import DOCS, configuration_file, configuration_page, write
from edge.schemas import event_schemas, file_name
from edge.settings import Settings

EVENTS = [
    PersonEvent(camera="front", event="left", track=3, seconds=4.5),
    ExpressionEvent(
        camera="front",
        track=3,
        label=None,
        previous="sad",
        coarse=None,
        probability=0.4,
        mask_state=None,
        seconds=1,
    ),
    CameraEvent(camera="front", state="lost", reason="unplugged", attempt=2, retry_seconds=1.0),
    ModelEvent(state="loaded", name="slim", version="0.1.0", quantisation="int8"),
    ModelEvent(state="rolled_back", name="slim", version="0.2.0", reason="slow"),
    HealthEvent(level=1, steps=("a",), conditions=("hot",), temperature=81.5),
]


def test_the_page_and_the_schemas_are_up_to_date(tmp_path):
    """Otherwise: python -m edge.reference."""
    write(tmp_path)
    for made in tmp_path.rglob("*.*"):
        assert (DOCS / made.relative_to(tmp_path)).read_text() == made.read_text()


def test_every_key_is_on_the_page_with_its_meaning():
    page = configuration_page()
    for name, field in Settings.model_fields.items():
        if name != "cameras":
            for key, setting in type(field.default).model_fields.items():
                assert f"| `{key}` |" in page
                assert setting.description
                assert setting.description in page


def test_the_file_to_begin_with_changes_nothing_and_can_be_changed(tmp_path):
    file = tmp_path / "config.toml"
    lines = list(configuration_file())
    file.write_text("\n".join(lines))
    assert load(file, {}, {}).settings == Settings()
    # Take away every # before a key that has a value.
    file.write_text("\n".join(re.sub(r"^#(\w+ = \S)", r"\1", line) for line in lines))
    assert load(file, {}, {}).settings == Settings()


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.SCHEMA)
def test_events_keep_their_schema(event):
    schema = event_schemas()[event.SCHEMA]
    jsonschema.validate(event.to_dict(), schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**event.to_dict(), "more": 1}, schema)
    assert json.loads((DOCS / "schema" / file_name(event.SCHEMA)).read_text()) == schema


def test_what_the_demo_says_keeps_its_schemas(short_clip, bundle, mien):
    done = mien("run", "--camera", short_clip, "--jsonl", "-", "--no-http")
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert {event["schema"] for event in events} >= {"mien.observation/1", "mien.camera/1"}
    for event in events:
        jsonschema.validate(event, event_schemas()[event["schema"]])


def test_examples():
    assert doctest.testmod(edge.schemas).failed == 0
