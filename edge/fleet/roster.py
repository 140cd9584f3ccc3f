"""The devices there are, by what the broker keeps of each."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, replace
from typing import Literal

from edge.fleet.report import Report, Unreadable, read_report

State = Literal["online", "silent", "offline", "unknown"]
MOST = 20_000  # devices; whoever may write to the broker could name any number
LONGEST = 64  # characters of a device's name, as in the configuration
SILENT = 3.0  # reports that may be missing
ONLINE, OFFLINE = b"online", b"offline"


@dataclass(frozen=True, slots=True)
class Device:
    """One device.

    Attributes:
        online: what its status says; None where it never said anything.
        report: its newest.
        seen: when that was made, seconds since 1970.
    """

    name: str
    online: bool | None = None
    report: Report | None = None
    seen: float = 0.0

    def state(self, now: float) -> State:
        """online; offline; silent: it is connected and reports no more; unknown: it never said."""
        if self.online is None:
            return "unknown"
        if not self.online:
            return "offline"
        every = 0.0 if self.report is None else self.report.every
        return "silent" if every and now - self.seen > SILENT * every else "online"


class Roster:
    """Takes the messages, from one thread, and tells the devices, to any.

    Args:
        topic: what begins every topic.
    Attributes:
        unreadable: messages that were none of a device's, so far.
        said: about the newest of them, in one line; None before the first.
    """

    def __init__(self, topic: str) -> None:
        self.unreadable = 0
        self.said: str | None = None
        self._base = f"{topic}/"
        self._devices: dict[str, Device] = {}
        self._lock = threading.Lock()

    @property
    def filters(self) -> tuple[str, str]:
        """What to subscribe to."""
        return f"{self._base}+/status", f"{self._base}+/device"

    def hear(self, topic: str, payload: bytes, retained: bool) -> None:
        """Take one message. retained: the broker kept it from before our subscription."""
        name, _, what = topic.removeprefix(self._base).partition("/")
        try:
            self._note(name, what, payload, retained)
        except Unreadable as why:
            self.unreadable += 1
            self.said = f"{topic[:100]!a}: {why}"

    def devices(self) -> list[Device]:
        """All of them, by name."""
        with self._lock:
            return sorted(self._devices.values(), key=lambda device: device.name)

    def _note(self, name: str, what: str, payload: bytes, retained: bool) -> None:
        if not 0 < len(name) <= LONGEST:
            raise Unreadable(f"a device's name has 1 to {LONGEST} characters")
        known = self._devices.get(name) or Device(name)
        if what == "status":
            if payload not in (ONLINE, OFFLINE, b""):
                raise Unreadable("a status is online or offline")
            device = replace(known, online=None if not payload else payload == ONLINE)
        elif not payload:
            device = replace(known, report=None)
        else:
            report, now = read_report(payload), time.time()
            # A kept one is as old as it says; of one that has just come, our own clock knows better.
            seen = min(report.time.timestamp(), now) if retained else now
            device = replace(known, report=report, seen=seen)
        with self._lock:
            if device.online is None and device.report is None:  # somebody cleared its topics
                self._devices.pop(name, None)
            elif name in self._devices or len(self._devices) < MOST:
                self._devices[name] = device
            else:
                raise Unreadable(f"there are {MOST} devices already")
