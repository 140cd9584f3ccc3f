import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from flatbuffers.number_types import Float32Flags, UOffsetTFlags
from flatbuffers.table import Table

from convert import detection_bundle
from convert.bundle import describe
from convert.metadata import with_metadata
from convert.running import run_flatbuffer
from edge.labels import LABELS, MASK_STATES


class Reader:
    """A table of the metadata, its fields by slot."""

    def __init__(self, table):
        self.table = table

    def _at(self, slot):
        return self.table.Offset(4 + 2 * slot)

    def text(self, slot):
        at = self._at(slot)
        return self.table.String(at + self.table.Pos).decode() if at else None

    def byte(self, slot):
        at = self._at(slot)
        return self.table.Bytes[self.table.Pos + at] if at else 0

    def child(self, slot):
        return Reader(Table(self.table.Bytes, self.table.Indirect(self._at(slot) + self.table.Pos)))

    def children(self, slot):
        at = self._at(slot)
        start, count = (self.table.Vector(at), self.table.VectorLen(at)) if at else (0, 0)
        return [Reader(Table(self.table.Bytes, self.table.Indirect(start + 4 * i))) for i in range(count)]

    def floats(self, slot):
        at = self._at(slot)
        return [
            self.table.Get(Float32Flags, self.table.Vector(at) + 4 * i)
            for i in range(self.table.VectorLen(at))
        ]


def read(flatbuffer):
    model = schema.ModelT.InitFromPackedBuf(flatbuffer, 0)
    (entry,) = (entry for entry in model.metadata if entry.name == b"TFLITE_METADATA")
    packed = bytes(model.buffers[entry.buffer].data)
    assert packed[4:8] == b"M001"
    root = Table(packed, 0)
    return Reader(Table(packed, root.Get(UOffsetTFlags, 0)))


@pytest.fixture(scope="module")
def described(flatbuffers):
    return {name: with_metadata(data, describe("small", "1.2.3", 16)) for name, data in flatbuffers.items()}


def test_other_tools_can_read_it(described):
    for data in described.values():
        metadata = read(data)
        assert (metadata.text(0), metadata.text(2), metadata.text(5)) == ("small", "1.2.3", "Apache-2.0")
        assert metadata.text(4) is None  # nobody in person
        (graph,) = metadata.children(3)
        (given,), (answer,) = graph.children(2), graph.children(3)
        assert given.text(1) == "A grey face crop of 16 px."
        assert (given.child(3).byte(0), given.child(3).child(1).byte(0)) == (2, 2)  # a picture, grey
        (unit,) = given.children(4)
        assert unit.byte(0) == 1
        assert (unit.child(1).floats(0), unit.child(1).floats(1)) == ([128], [128])
        (labels,) = answer.children(6)
        assert (labels.text(0), labels.byte(2)) == ("labels.txt", 2)
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            assert archive.namelist() == ["labels.txt"]
            assert archive.read("labels.txt").decode().split() == list(LABELS)


@pytest.mark.parametrize("folder", sorted(Path("edge/models").iterdir()), ids=lambda folder: folder.name)
def test_every_model_that_ships_has_it(folder):
    manifest = json.loads((folder / "manifest.json").read_text())
    data = (folder / "model.tflite").read_bytes()
    metadata = read(data)
    assert (metadata.text(0), metadata.text(2)) == (manifest["name"], manifest["version"])
    (graph,) = metadata.children(3)
    assert len(graph.children(3)) == len(schema.ModelT.InitFromPackedBuf(data, 0).subgraphs[0].outputs)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.read("labels.txt").decode().split() == manifest["labels"]


def test_the_normalisation_is_what_the_network_reads(described):
    (unit,) = read(described["float32"]).children(3)[0].children(2)[0].children(4)
    mean, std = unit.child(1).floats(0)[0], unit.child(1).floats(1)[0]
    pixels = np.arange(256)
    from train_keras.batches import scale_pixels

    assert (pixels - mean) / std == pytest.approx(scale_pixels(pixels.reshape(1, 16, 16)).ravel())


def test_the_model_computes_what_it_did(described, flatbuffers, crops):
    for name, data in described.items():
        assert np.array_equal(run_flatbuffer(data, crops[:8]), run_flatbuffer(flatbuffers[name], crops[:8]))


def test_same_bytes_again(described, flatbuffers):
    assert with_metadata(flatbuffers["int8"], describe("small", "1.2.3", 16)) == described["int8"]
    assert with_metadata(flatbuffers["int8"], describe("small", "1.2.4", 16)) != described["int8"]


def test_a_detector_says_what_its_labels_name(flatbuffers):
    data = with_metadata(flatbuffers["int8"], detection_bundle.describe("eyes", "0.1.0", 6))
    (graph,) = read(data).children(3)
    assert len(graph.children(3)) == 6
    (labels,) = graph.children(4)
    assert labels.text(1).startswith("The mask states")
    assert graph.children(2)[0].child(3).child(1).byte(0) == 0  # no colour order that the schema knows
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.read("labels.txt").decode().split() == list(MASK_STATES)
