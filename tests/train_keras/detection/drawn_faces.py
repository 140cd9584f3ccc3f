"""Drawn faces: enough to learn from, and nobody's."""

from __future__ import annotations

import cv2
import numpy as np

from train_keras.detection.pictures import MARKED, POINTS, STATE, Picture, face_rows


def drawn_face(side: int = 60, masked: bool = False, width: int = 100, height: int = 90) -> Picture:
    """A face in the middle of a grey picture, its box and landmarks exact."""
    image = np.full((height, width, 3), 90, np.uint8)
    x, y = width // 2, height // 2
    half = side // 2
    cv2.ellipse(image, (x, y), (int(0.8 * half), half), 0, 0, 360, (150, 180, 230), -1)
    points = np.float32(
        [
            [x - 0.3 * half, y - 0.3 * half],
            [x + 0.3 * half, y - 0.3 * half],
            [x, y],
            [x - 0.25 * half, y + 0.45 * half],
            [x + 0.25 * half, y + 0.45 * half],
        ]
    )
    for eye in points[:2]:
        cv2.circle(image, eye.astype(int).tolist(), max(1, half // 8), (20, 20, 20), -1)
    if masked:
        cv2.rectangle(image, (x - half // 2, y), (x + half // 2, y + 3 * half // 4), (230, 200, 120), -1)
    else:
        cv2.line(image, points[3].astype(int).tolist(), points[4].astype(int).tolist(), (60, 60, 160), 2)
    faces = face_rows(np.float32([[x - 0.8 * half, y - half, x + 0.8 * half, y + half]]))
    faces[0, STATE] = 0 if masked else 1
    faces[0, POINTS], faces[0, MARKED] = points.ravel(), 1
    return Picture(image, faces)
