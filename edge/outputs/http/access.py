"""Who may do what: tokens, and the sessions that browsers get for them."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from enum import IntEnum

from edge.errors import ConfigError

SESSION_SECONDS = 7 * 24 * 3600
SHORTEST = 16  # characters of a token; one that can be guessed is none


class Level(IntEnum):
    """What somebody may do; each level includes the ones below."""

    NOTHING = 0
    READ = 1
    CONTROL = 2


class Access:
    """Knows the tokens. Without any, everybody may do everything (and the server is on loopback only).

    Args:
        read: the token to read with; None where everybody may.
        control: the token to control with; None where nobody may who needs a token to read.
    """

    def __init__(self, read: str | None = None, control: str | None = None) -> None:
        self._tokens = {level: t for level, t in ((Level.CONTROL, control), (Level.READ, read)) if t}
        self._keys = {level: _digest(f"mien session {token}") for level, token in self._tokens.items()}

    def __repr__(self) -> str:
        return f"Access({', '.join(level.name for level in self._tokens)})"  # never the tokens

    @property
    def anonymous(self) -> Level:
        """What may be done without a token."""
        if not self._tokens:
            return Level.CONTROL
        return Level.NOTHING if Level.READ in self._tokens else Level.READ

    @property
    def has_tokens(self) -> bool:
        return bool(self._tokens)

    @property
    def highest(self) -> Level:
        """What may be done with the best token."""
        return max(self._tokens, default=self.anonymous)

    def of_token(self, token: str) -> Level:
        """What a token allows. Takes as long for every token."""
        given = _digest(token)
        fits = [level for level, own in self._tokens.items() if hmac.compare_digest(given, _digest(own))]
        return max(fits, default=Level.NOTHING)

    def open_session(self, level: Level, now: float | None = None) -> str:
        """What a browser shows from now on instead of the token of that level."""
        ends = int((time.time() if now is None else now) + SESSION_SECONDS)
        stated = f"{level.name}.{ends}.{secrets.token_hex(8)}"
        return f"{stated}.{self._sign(level, stated)}"

    def of_session(self, session: str, now: float | None = None) -> Level:
        """What a session allows: it lasts a week, over restarts too, or until its token changes."""
        stated, _, signature = session.rpartition(".")
        name, _, rest = stated.partition(".")
        ends = rest.partition(".")[0]
        level = Level.__members__.get(name)
        if level not in self._keys or level is None or not (ends.isascii() and ends.isdecimal()):
            return Level.NOTHING
        if not hmac.compare_digest(signature.encode(), self._sign(level, stated).encode()):
            return Level.NOTHING
        return level if int(ends) > (time.time() if now is None else now) else Level.NOTHING

    def _sign(self, level: Level, stated: str) -> str:
        return hmac.new(self._keys[level], stated.encode(), hashlib.sha256).hexdigest()


def check_token(token: str, key: str) -> str:
    """The token, if it is one that cannot be guessed.

    Raises:
        ConfigError: it is too short; `key` is the setting that names its file.
    """
    if len(token) < SHORTEST:
        raise ConfigError(
            f"{key}: a token has {SHORTEST} characters at least: openssl rand -hex 24 makes one"
        )
    return token


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
