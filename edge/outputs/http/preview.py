"""The live picture: JPEG of the newest frame, encoded only while somebody looks.

The page pulls: `GET /preview.jpg?camera=NAME&after=N` waits for a frame other than N and answers with the
newest one and its number (`Mien-Frame`). The page then draws the boxes of exactly that frame, which it has
from the event stream, so boxes stay on the face however late the picture is. A slow client asks less
often and never watches old pictures out of a full socket buffer, which a push stream would give it.
`/preview.mjpeg` is the same pictures as a multipart stream, for tools that expect one.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass

import cv2

from edge.outputs.http.feed import Feed
from edge.types import Image

INTERVAL_SECONDS = 1 / 15
WAIT_SECONDS = 10.0
MAX_WIDTH = 960
QUALITY = 80
BOUNDARY = "mien-frame"


@dataclass(frozen=True, slots=True)
class Picture:
    """One encoded frame: its number in the events and the JPEG file."""

    frame: int
    jpeg: bytes


class Preview:
    """Encodes the camera's newest frame, at most once per interval, for all clients together."""

    def __init__(self, feed: Feed, camera: str) -> None:
        self._feed, self._camera = feed, camera
        self._picture: Picture | None = None
        self._due = 0.0

    async def next(self, after: int | None = None) -> Picture | None:
        """The newest picture that is not frame `after`; None when none came in time or on close."""
        clock = asyncio.get_running_loop().time
        deadline = clock() + WAIT_SECONDS
        while not self._feed.closed and clock() < deadline:
            newest = self._feed.newest(self._camera)
            if self._picture is not None and self._picture.frame != after and clock() < self._due:
                return self._picture
            if clock() < self._due:
                await asyncio.sleep(self._due - clock())
            elif newest is None or self._newest_is(after):
                await self._feed.changed(deadline - clock(), lambda: self._newest_is(after))
            else:
                observation, frame = newest
                # In the loop's own thread: a few milliseconds, and a thread pool would cost more memory.
                self._picture = Picture(observation.frame, encode(frame.image))
                self._due = clock() + INTERVAL_SECONDS
        return None

    def _newest_is(self, number: int | None) -> bool:
        """Whether there is nothing newer to show than that frame."""
        newest = self._feed.newest(self._camera)
        return newest is None or newest[0].frame == number

    async def multipart(self) -> AsyncGenerator[bytes, None]:
        """The parts of a multipart/x-mixed-replace stream, until the feed closes."""
        after = None
        while not self._feed.closed:
            picture = await self.next(after)
            if picture is None:
                continue
            after = picture.frame
            head = (
                f"--{BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(picture.jpeg)}\r\n"
                f"Mien-Frame: {picture.frame}\r\n\r\n"
            )
            yield head.encode() + picture.jpeg + b"\r\n"


def encode(image: Image) -> bytes:
    """JPEG of a uint8 [H, W, 3] BGR picture, scaled down to at most `MAX_WIDTH` pixels across."""
    height, width = image.shape[:2]
    scale = min(1.0, MAX_WIDTH / width)
    size = (round(width * scale), max(1, round(height * scale)))
    small = image if scale == 1.0 else cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    ok, jpeg = cv2.imencode(".jpg", small, (cv2.IMWRITE_JPEG_QUALITY, QUALITY))
    if not ok:
        raise ValueError(f"cannot encode a picture of shape {image.shape}")
    return jpeg.tobytes()
