"""Passwords and tokens: read from files, never from flags or variables, which other programs can see."""

from __future__ import annotations

import logging
import os
import stat
from pathlib import Path

from edge.errors import ConfigError

logger = logging.getLogger(__name__)
CREDENTIALS = "CREDENTIALS_DIRECTORY"  # where systemd puts a service's credentials
LONGEST = 4096  # bytes


def read_secret(path: Path) -> str:
    """The one line a file holds, without its end.

    Args:
        path: a name without a folder is looked for among systemd's credentials first.
    Raises:
        ConfigError: missing, unreadable, empty, or more than a line. The message names the file, never what
            it holds.
    """
    path = _among_credentials(path)
    try:
        with path.open("rb") as file:
            # Before it is read, so that a file that ends nowhere (/dev/zero) is no trouble.
            content = file.read(LONGEST + 1)
            mode = os.fstat(file.fileno()).st_mode
        secret = content.decode().rstrip("\r\n")
    except OSError as error:
        raise ConfigError(
            f"{path} cannot be read ({error.strerror}): check the path and who owns it"
        ) from error
    except UnicodeDecodeError:  # without its cause, which quotes the file
        raise ConfigError(f"{path} holds no text: write the secret alone into it") from None
    if not secret:
        raise ConfigError(f"{path} is empty: write the secret into it")
    if len(content) > LONGEST or "\n" in secret or "\0" in secret:
        raise ConfigError(f"{path} holds more than one line: write the secret alone into it")
    if mode & stat.S_IROTH:
        logger.warning("%s can be read by everybody on this machine: chmod o-r %s", path, path)
    return secret


def _among_credentials(path: Path) -> Path:
    folder = os.environ.get(CREDENTIALS)
    if folder and path.name == str(path) and (Path(folder) / path).exists():
        return Path(folder) / path
    return path
