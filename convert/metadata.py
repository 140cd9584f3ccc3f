"""Standard TFLite metadata inside a model, so that other tools know its labels and how to scale pixels.

TFLITE_METADATA, schema identifier M001: a flatbuffer in a buffer of the model, and files as a zip behind it.
The device does not need it: a bundle's manifest says the same and more.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

BUFFER, IDENTIFIER, MODEL_IDENTIFIER = "TFLITE_METADATA", b"M001", b"TFL3"
LABELS_FILE = "labels.txt"
PARSER = "1.0.0"  # the least version of a reader that knows all of it
LICENCE = "Apache-2.0"
UNKNOWN_COLOURS, GREY = 0, 2  # ColorSpaceType; there is none for BGR
IMAGE, NORMALISATION, AXIS_LABELS = 2, 1, 2  # ContentProperties, ProcessUnitOptions, AssociatedFileType


@dataclass(frozen=True, slots=True)
class Description:
    """What a model says of itself.

    Attributes:
        name, version, description: of the model.
        labels: a line each in labels.txt.
        labelled: what the labels name. Where each names one value of the first output, readers are told so.
        each_value: whether they do.
        picture: what the input is.
        colours: GREY, or UNKNOWN_COLOURS.
        mean, std: the network was trained on (pixel - mean) / std. For an integer model too: its input's own
            scale and zero point come after that, and here undo it.
        outputs: what they are, in order.
    """

    name: str
    version: str
    description: str
    labels: tuple[str, ...]
    labelled: str
    each_value: bool
    picture: str
    colours: int
    mean: float
    std: float
    outputs: tuple[str, ...]


def with_metadata(flatbuffer: bytes, description: Description) -> bytes:
    """The same model with metadata; it computes what it did. The same bytes for the same arguments.

    Args:
        flatbuffer: as the converter made it.
    """
    model = schema.ModelT.InitFromPackedBuf(flatbuffer, 0)
    buffer, entry = schema.BufferT(), schema.MetadataT()
    buffer.data = np.frombuffer(_pack(_metadata(description), IDENTIFIER), np.uint8)
    entry.name, entry.buffer = BUFFER, len(model.buffers)
    model.buffers.append(buffer)
    model.metadata = [*(model.metadata or []), entry]
    builder = flatbuffers.Builder(len(flatbuffer))
    builder.Finish(model.Pack(builder), MODEL_IDENTIFIER)
    file = io.BytesIO(bytes(builder.Output()))
    with zipfile.ZipFile(file, "a") as archive:
        # A ZipInfo of its own has no time of today.
        archive.writestr(zipfile.ZipInfo(LABELS_FILE), "".join(f"{label}\n" for label in description.labels))
    return file.getvalue()


# A table of the schema: slot to value. Text, tables, lists of tables, lists of floats, and bytes for enums.
Table = Mapping[int, Any]


def _metadata(d: Description) -> Table:
    labels: Table = {0: LABELS_FILE, 1: d.labelled} | ({2: AXIS_LABELS} if d.each_value else {})
    normalisation: Table = {0: NORMALISATION, 1: {0: [d.mean], 1: [d.std]}}
    picture: Table = {0: "picture", 1: d.picture, 3: {0: IMAGE, 1: {0: d.colours}}, 4: [normalisation]}
    outputs: list[Table] = [{0: f"output {i}", 1: output} for i, output in enumerate(d.outputs)]
    graph: dict[int, Any] = {2: [picture], 3: outputs}
    if d.each_value:
        outputs[0] = {**outputs[0], 6: [labels]}
    else:
        graph[4] = [labels]
    return {0: d.name, 1: d.description, 2: d.version, 3: [graph], 5: LICENCE, 7: PARSER}


def _pack(table: Table, identifier: bytes) -> bytes:
    builder = flatbuffers.Builder(1024)
    builder.Finish(_write(builder, table), identifier)
    return bytes(builder.Output())


def _write(builder: flatbuffers.Builder, value: Any) -> int:
    """Write a value that is kept beside its table, and return where."""
    if isinstance(value, str):
        return builder.CreateString(value)
    if isinstance(value, list) and isinstance(value[0], float):
        return builder.CreateNumpyVector(np.array(value, np.float32))
    if isinstance(value, list):
        places = [_write(builder, table) for table in value]
        builder.StartVector(4, len(places), 4)
        for place in reversed(places):
            builder.PrependUOffsetTRelative(place)
        return builder.EndVector()
    beside = {slot: _write(builder, part) for slot, part in value.items() if not isinstance(part, int)}
    builder.StartObject(max(value) + 1)
    for slot, part in value.items():
        if slot in beside:
            builder.PrependUOffsetTRelativeSlot(slot, beside[slot], 0)
        else:
            builder.PrependUint8Slot(slot, part, 0)
    return builder.EndObject()
