"""The clip that ships with mien: a bare face in its first half, the same face masked in the second."""

from __future__ import annotations

from pathlib import Path

from edge.cameras.file import FileCamera
from edge.errors import FileUnreadableError

CLIP = Path(__file__).parent / "demo.mp4"


class DemoCamera(FileCamera):
    """Plays the shipped clip.

    Raises:
        FileUnreadableError: the installation lacks it.
    """

    def __init__(self, realtime: bool = False, loop: bool = False, name: str | None = None) -> None:
        if not CLIP.is_file():
            raise FileUnreadableError(f"the demo clip {CLIP} is missing: install mien again")
        super().__init__(CLIP, realtime, loop, name=name or "demo")
