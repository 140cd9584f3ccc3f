import time

import cv2
import numpy as np
import pytest
from lamp import BLUE, GREEN, MARKS, RED, SIDES, STRIDES, lit, write

from edge import bundles
from edge.detectors import open_detector
from edge.detectors.boxes import iou
from edge.detectors.facet import NETWORKS, Facet
from edge.errors import ModelCorruptError

SHIPPED = bundles.SHIPPED / bundles.DEFAULT_DETECTOR
STATE = {BLUE: "mask_worn_incorrectly", GREEN: "no_mask", RED: "mask"}


def expected(row, column, scale=1.0, corner=(0, 0), size=(10**6, 10**6)):
    """Box and landmarks of the face at a cell, in a picture of `scale` pixels for one of the network's."""
    centre = np.array([column + 0.5, row + 0.5])
    outwards = np.multiply(SIDES, (-1, -1, 1, 1))
    box = (np.tile(centre, 2) + outwards) * 8 * scale + np.tile(corner, 2)
    marks = (centre + np.reshape(MARKS, (5, 2))) * 8 * scale + corner
    return np.clip(box, 0, np.tile(size, 2)), marks


def assert_face(face, box_and_marks, state, tolerance):
    box, marks = box_and_marks
    assert face.box.dtype == face.landmarks.dtype == np.float32
    assert face.landmarks.shape == (5, 2)
    assert face.box == pytest.approx(box, abs=tolerance)
    assert face.landmarks == pytest.approx(marks, abs=tolerance)
    assert face.mask_state == state
    assert face.score == pytest.approx(0.981, abs=0.005)


@pytest.mark.parametrize(
    ("height", "width", "scale"),
    [(192, 320, 1), (180, 320, 1), (360, 640, 2), (1080, 1920, 6), (640, 360, 2)],
)
def test_faces_are_where_the_picture_says(lamp, height, width, scale):
    colours = (BLUE, GREEN, RED)
    cells = [(4, 3), (12, 10), (20, 17)]
    picture = lit(height, width, *[(*cell, c) for cell, c in zip(cells, colours, strict=True)], scale=scale)
    faces = Facet(lamp).detect(picture)
    assert len(faces) == 3
    for face in faces:
        nearest = min(cells, key=lambda cell: np.abs(expected(*cell, scale)[0] - face.box).sum())
        state = STATE[colours[cells.index(nearest)]]
        assert_face(face, expected(*nearest, scale, (0, 0), (width, height)), state, 0.1 * scale)


def test_a_picture_is_shrunk_to_the_longest_side_and_never_enlarged(lamp):
    picture = lit(256, 512, (5, 9, RED), scale=2)
    for longest, scale in ((256, 2), (300, 512 / 300)):
        found = Facet(lamp, longest).detect(picture)
        if scale == 2:
            assert_face(found[0], expected(5, 9, 2), "mask", 0.2)
    small = lit(40, 100, (2, 3, GREEN))
    assert_face(Facet(lamp, 320).detect(small)[0], expected(2, 3, 1, (0, 0), (100, 40)), "no_mask", 0.1)


def test_each_scale_finds_its_own_faces(lamp):
    """A lit square of 32 pixels is seen by all three strides; the largest box of it contains the others."""
    picture = np.zeros((192, 320, 3), np.uint8)
    picture[64:96, 96:128] = RED
    widths = {round(float(face.box[2] - face.box[0]) / 3.5) for face in Facet(lamp).detect(picture)}
    assert widths == set(STRIDES)


def test_the_threshold_is_the_bundles_unless_another_is_asked_for(lamp):
    # Grey between dark and lit: a score of 0.55, under the bundle's threshold of 0.6.
    picture = np.zeros((64, 64, 3), np.uint8)
    picture[16:24, 24:32, 0] = 195
    assert Facet(lamp).detect(picture) == []
    found = Facet(lamp, threshold=0.5).detect(picture)
    assert [round(face.score, 1) for face in found] == [0.5]
    assert Facet(lamp, threshold=0.99).detect(lit(64, 64, (2, 2, BLUE))) == []


@pytest.mark.parametrize("size", [(96, 96), (64, 64), (96, 64)])
def test_a_region_is_mapped_back_into_the_picture(lamp, size):
    picture = np.zeros((600, 800, 3), np.uint8)
    zoom = 3
    left, top = 200, 96
    picture[top + 24 : top + 48, left + 48 : left + 72] = GREEN  # the cell at row 1, column 2 of the region
    region = np.float32([left, top, left + size[0] * zoom, top + size[1] * zoom])
    (face,) = Facet(lamp).detect_region(picture, region, size)
    assert_face(face, expected(1, 2, zoom, (left, top)), "no_mask", 0.3)


def test_a_region_is_enlarged_where_it_is_small(lamp):
    picture = lit(64, 64, (3, 3, RED))
    faces = Facet(lamp).detect_region(picture, np.float32([8, 8, 56, 56]), (96, 96))
    assert {face.mask_state for face in faces} == {"mask"}
    middles = [(face.landmarks[0] + face.landmarks[1]) / 2 for face in faces]
    assert all(np.abs(middle - 28).max() < 8 for middle in middles)


def test_a_region_that_reaches_beyond_the_picture(lamp):
    picture = lit(100, 100, (0, 0, RED), scale=2)
    (face,) = Facet(lamp).detect_region(picture, np.float32([-64, -64, 64, 64]), (64, 64))
    assert_face(face, expected(0, 0, 2, (0, 0), (100, 100)), "mask", 0.2)


@pytest.mark.parametrize(
    "region",
    [
        (-50, -50, -1, -1),
        (100, 0, 200, 50),
        (40, 40, 40, 60),
        (60, 60, 40, 40),
        (np.nan, 0, 50, 50),
        (0, 0, np.nan, np.nan),
    ],
)
def test_a_region_without_area_in_the_picture_holds_no_face(lamp, region):
    picture = np.full((100, 100, 3), 255, np.uint8)
    assert Facet(lamp).detect_region(picture, np.float32(region), (64, 64)) == []


@pytest.mark.parametrize(
    "region", [(0, 0, np.inf, np.inf), (99.5, 99.5, 99.9, 99.9), (0, 0, 1e30, 1), (-1e9, 3, 1e9, 9)]
)
def test_odd_regions_do_no_harm(lamp, region):
    picture = np.full((100, 100, 3), 255, np.uint8)
    assert_inside(Facet(lamp).detect_region(picture, np.float32(region), (64, 64)), picture)


@pytest.mark.parametrize(
    "shape",
    [(32, 32), (1, 1), (5, 2000), (2000, 5), (31, 33), (1, 4000), (360, 640), (640, 360), (2160, 3840)],
)
@pytest.mark.parametrize("fill", ["black", "white", "noise", "grey noise"])
def test_any_picture_is_looked_at_in_bounded_time(lamp, shape, fill):
    rng = np.random.default_rng(0)
    picture = np.full((*shape, 3), 255 * (fill == "white"), np.uint8)
    if fill == "noise":
        picture = rng.integers(0, 256, (*shape, 3), np.uint8)
    if fill == "grey noise":
        picture[:] = rng.integers(0, 256, (*shape, 1), np.uint8)
    detector = Facet(lamp)
    started = time.perf_counter()
    faces = detector.detect(picture)
    assert time.perf_counter() - started < 2
    assert_inside(faces, picture)
    assert not (faces and fill == "black")


def assert_inside(faces, picture):
    height, width = picture.shape[:2]
    for face in faces:
        x0, y0, x1, y1 = face.box
        assert 0 <= x0 < x1 <= width
        assert 0 <= y0 < y1 <= height
        assert np.isfinite(face.landmarks).all()


def test_fifty_faces_are_fifty(lamp):
    cells = [(2 + 4 * (number // 10), 2 + 4 * (number % 10), RED) for number in range(50)]
    faces = Facet(lamp).detect(lit(192, 320, *cells))
    assert len(faces) == 50
    assert len({tuple(face.box.round()) for face in faces}) == 50


def test_an_empty_picture_is_refused(lamp):
    with pytest.raises(ValueError, match="empty"):
        Facet(lamp).detect(np.empty((0, 640, 3), np.uint8))


def test_parts_of_pictures_are_as_good_as_copies(lamp):
    picture = lit(360, 640, (5, 9, RED), (12, 20, BLUE), scale=2)
    detector = Facet(lamp)
    for part in (picture[:, 32:], picture[::2, ::2], picture[:, ::-1], picture[::-1], picture[40:300, 7:501]):
        assert boxes_of(detector.detect(part)) == boxes_of(detector.detect(part.copy()))


def boxes_of(faces):
    return [(face.box.tolist(), face.score) for face in faces]


def test_what_it_saw_before_does_not_matter(lamp):
    """Padding is written anew whenever the picture's size changes; more sizes than networks are kept."""
    rng = np.random.default_rng(1)
    detector = Facet(lamp)
    shapes = [(180, 320), (192, 320), (170, 310), *[(40 + 32 * k, 60 + 32 * k) for k in range(NETWORKS + 1)]]
    for height, width in [shapes[k] for k in rng.integers(0, len(shapes), 60)]:
        picture = np.full((height, width, 3), 255, np.uint8)
        assert boxes_of(detector.detect(picture)) == boxes_of(Facet(lamp).detect(picture))
        assert len(detector._networks) <= NETWORKS


def test_threads_make_no_difference(lamp):
    picture = lit(192, 320, (5, 9, RED), (12, 20, BLUE))
    assert boxes_of(Facet(lamp, threads=2).detect(picture)) == boxes_of(Facet(lamp).detect(picture))


def test_models_that_are_no_detectors_are_refused(flatbuffers, tmp_path):
    good = flatbuffers["int8"]
    for number, (model, changes) in enumerate(
        [
            (b"", {}),
            (b"nothing of use" * 100, {}),
            (good[:3000], {}),
            (bundles.load(bundles.DEFAULT_MODEL).model.read_bytes(), {}),
            (good, {"strides": (8, 16)}),
            (good, {"strides": (4, 8, 16)}),
            (good, {"input": {"width": 256, "height": 256, "channels": 3, "scale": 1, "offset": 0}}),
        ]
    ):
        bundle = bundles.load_detection(str(write(tmp_path / str(number), model, **changes)))
        with pytest.raises(ModelCorruptError, match=": install"):
            Facet(bundle)


@pytest.fixture(scope="module")
def shipped():
    if not (SHIPPED / "manifest.json").is_file():
        pytest.skip(f"{SHIPPED} is not made yet")
    return open_detector("facet")


def test_the_shipped_one_finds_the_face_bare_and_masked(shipped, images):
    half = len(images) // 2
    for part, state in ((images[:half], "no_mask"), (images[half:], "mask")):
        found = [shipped.detect(image) for image in part]
        assert sum(bool(faces) for faces in found) >= 0.9 * len(part)
        told = [faces[0].mask_state == state for faces in found if faces]
        assert sum(told) >= 0.8 * len(told)


def test_the_shipped_ones_faces_are_built_like_faces(shipped, images):
    for image in images[:4]:
        faces = shipped.detect(image)
        assert_inside(faces, image)
        for face in faces:
            eye, other_eye, nose, mouth, other_mouth = face.landmarks
            assert eye[0] < other_eye[0]
            assert mouth[0] < other_mouth[0]
            assert eye[1] < nose[1] < mouth[1]


def test_the_shipped_one_finds_the_face_in_a_region_where_it_found_it_in_the_picture(shipped, images):
    overlaps = []
    for image in images:
        for face in shipped.detect(image)[:1]:
            centre, reach = (face.box[:2] + face.box[2:]) / 2, 1.15 * (face.box[2:] - face.box[:2]).max()
            region = np.concatenate([centre - reach, centre + reach])
            again = shipped.detect_region(image, region, (96, 96))
            overlaps.append(max((iou(face.box[None], other.box[None])[0, 0] for other in again), default=0))
    assert np.median(overlaps) > 0.8
    assert np.mean(np.array(overlaps) > 0.5) > 0.9


def test_the_shipped_one_finds_fifty_faces(shipped, images):
    """The face of the clip ten times in five rows."""
    face = shipped.detect(images[0])[0]
    x0, y0, x1, y1 = face.box
    reach = 0.8 * max(x1 - x0, y1 - y0)
    left, top = int((x0 + x1) / 2 - reach), int((y0 + y1) / 2 - reach)
    crop = images[0][max(top, 0) : int(top + 2 * reach), max(left, 0) : int(left + 2 * reach)]
    tile = cv2.resize(crop, (64, 64), interpolation=cv2.INTER_AREA)
    faces = open_detector("facet", 640).detect(np.tile(tile, (5, 10, 1)))
    assert len(faces) >= 45


def test_the_shipped_one_sees_nothing_in_an_empty_picture_of_any_shape(shipped):
    for shape in ((360, 640), (40, 50), (7, 900), (900, 7)):
        assert shipped.detect(np.full((*shape, 3), 128, np.uint8)) == []
