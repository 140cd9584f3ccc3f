"""Root's `mien models` works as whoever owns the store, so that the daemon can roll back what root did."""

from __future__ import annotations

import os
import pwd
from pathlib import Path


def become_owner(folder: Path) -> None:
    """Become the owner of a folder, or of what it will be made in, for good; does nothing unless root."""
    if os.geteuid() != 0:
        return
    existing = next(one for one in (folder, *folder.absolute().parents) if one.exists())
    owner = existing.stat().st_uid
    if owner == 0:
        return
    try:
        account = pwd.getpwuid(owner)
    except KeyError:  # of another machine's disk: root stays root
        return
    os.initgroups(account.pw_name, account.pw_gid)
    os.setresgid(account.pw_gid, account.pw_gid, account.pw_gid)
    os.setresuid(owner, owner, owner)
    os.environ["HOME"] = account.pw_dir
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        os.environ.pop(name, None)
