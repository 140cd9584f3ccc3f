import numpy as np

from edge.bench.agreement import same_faces
from edge.types import Face


def test_the_same_faces_in_any_order():
    one, other = (Face(np.float32([x, 0, x + 10, 10]), 0.9) for x in (0, 100))
    near = Face(np.float32([2, 1, 12, 11]), 0.8)
    assert same_faces([], [])
    assert same_faces([one, other], [other, near])
    assert not same_faces([one], [])
    assert not same_faces([one], [other])
    assert not same_faces([one], [one, other])
    assert not same_faces([one, other], [one, near])
