"""Dies at every step of a change: a child for each, killed at its n-th operation on the disk.

    python dying.py FOLDER PLAN

PLAN is install, use or rollback. Prints how many steps there were; fails where a store is
not as it should be.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
from pathlib import Path

from model_files import filling

from edge.store.shelf import is_whole
from edge.store.store import Store
from edge.store.versions import Wish

CHANGES = {"os.rename", "os.mkdir", "os.rmdir", "os.remove", "os.symlink", "os.link", "os.truncate"}
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
PLANS = {
    "install": lambda store: store.install(filling("3"), use=True),
    "use": lambda store: store.use(Wish("small", "1")),
    "rollback": lambda store: store.roll_back(bad=store.active("expression"), reason="slow"),
}


def prepare(root: Path) -> None:
    """Two versions, the second in use."""
    store = Store(root)
    store.install(filling("1"), use=True)
    store.install(filling("2"), use=True)


def die_at(step: int) -> None:
    """Be killed before the operation of that number; a write is half done then."""
    left = [step]
    fsync, write = os.fsync, os.write

    def count() -> bool:
        left[0] -= 1
        return left[0] == 0

    def die() -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def hook(event: str, arguments: tuple) -> None:
        opens = event == "open" and isinstance(arguments[2], int) and arguments[2] & WRITING
        if (opens or event in CHANGES) and count():
            die()

    def dying_fsync(descriptor: int) -> None:
        if count():
            die()
        fsync(descriptor)

    def dying_write(descriptor: int, data: bytes) -> int:
        if count():
            write(descriptor, data[: len(data) // 2])
            die()
        return write(descriptor, data)

    os.fsync, os.write = dying_fsync, dying_write
    sys.addaudithook(hook)


def check(root: Path, plan: str) -> None:
    """The store after a death, and that it goes on as if nothing had been."""
    store = Store(root)
    active = store.active("expression")
    assert active is not None
    assert active.split("-")[0] in {"small/1", "small/2", "small/3"}, active
    assert is_whole(store.folder(active, "expression"))
    for folder in root.glob("[!.]*/*/"):
        assert is_whole(folder), folder
    if plan == "install":
        assert not active.startswith("small/1")
    before = store.active("expression")
    store.install(filling("4"), use=True)
    assert store.active("expression").startswith("small/4")
    assert not (root / ".incoming").exists()
    assert len(list((root / "small").iterdir())) <= 3  # the two newest, and the one to roll back to
    # One that was found bad before the death is passed over.
    expected = "small/1" if store.state().bad else before
    assert store.roll_back().startswith(expected)


def main(folder: Path, plan: str) -> int:
    template = folder / "template"
    prepare(template)
    step = 0
    while True:
        step += 1
        root = folder / f"{plan}-{step}"
        shutil.copytree(template, root, symlinks=True)
        child = os.fork()
        if child == 0:
            die_at(step)
            PLANS[plan](Store(root))
            os._exit(0)
        _, status = os.waitpid(child, 0)
        survived = status == 0
        assert survived or os.WTERMSIG(status) == signal.SIGKILL, status
        check(root, plan)
        shutil.rmtree(root)
        if survived:
            return step - 1


if __name__ == "__main__":
    print(main(Path(sys.argv[1]), sys.argv[2]))
