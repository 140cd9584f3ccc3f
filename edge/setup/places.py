"""Where answers and secrets of `mien setup` go: the machine's folders for root, else the user's own."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from edge.config import ETC

NAME = "50-setup.toml"
ROOT = Path("/")


@dataclass(frozen=True, slots=True)
class Places:
    """Paths for one device.

    Attributes:
        root: its root folder; another than / where an image is set up that is not running.
        answers: the file of the answers.
        secrets: the folder of the secrets.
        service: whether mien runs as a service there, which gets its secrets by their names alone.
    """

    root: Path
    answers: Path
    secrets: Path
    service: bool

    @property
    def etc(self) -> Path:
        """The folder whose configuration is in force on the device."""
        return self.root / ETC.relative_to(ROOT)

    @property
    def drop_in(self) -> Path:
        """What setup adds to the unit."""
        return self.root / "etc/systemd/system/mien.service.d/50-setup.conf"

    @property
    def config(self) -> Path | None:
        """What `--config` has to name; None where mien finds the answers by itself."""
        return None if self.service else self.answers

    def reference(self, secret: str) -> str:
        """How the configuration names a secret."""
        return secret if self.service else str(self.secrets / secret)


def find_places(root: Path = ROOT, user: int | None = None) -> Places:
    """The places of a device.

    Args:
        root: see `Places`.
        user: number of who asks; None for this process's.
    """
    if (os.geteuid() if user is None else user) == 0 or root != ROOT:
        etc = root / ETC.relative_to(ROOT)
        return Places(root, etc / "config.d" / NAME, root / "etc/credstore", service=True)
    own = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "mien"
    return Places(root, own / NAME, own / "secrets", service=False)
