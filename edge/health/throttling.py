"""What a Raspberry Pi's firmware says about its power and its heat, now and since it started."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

UNDER_VOLTAGE = "under-voltage"
FREQUENCY_CAPPED = "frequency capped"
THROTTLED = "throttled"
SOFT_LIMIT = "soft temperature limit"
FLAGS = (UNDER_VOLTAGE, FREQUENCY_CAPPED, THROTTLED, SOFT_LIMIT)  # bits 0 to 3; since the start: 16 to 19
PAST = 16
# Device trees name the bus differently: soc/soc:firmware, soc@107c000000/soc@107c000000:firmware.
FIRMWARE = (
    "sys/devices/platform/soc*/*firmware/get_throttled",
    "sys/devices/platform/*firmware/get_throttled",
)


@dataclass(frozen=True, slots=True)
class Throttling:
    """Flags that are set, each one of FLAGS.

    Attributes:
        now: at this moment.
        past: at some time since the board started, as far as the firmware remembers: Linux's own driver makes
            it forget every two seconds.
    """

    now: frozenset[str] = frozenset()
    past: frozenset[str] = frozenset()


def decode(word: int) -> Throttling:
    """What the firmware's answer means.

    >>> sorted(decode(0x50005).now), sorted(decode(0x80000).past)
    (['throttled', 'under-voltage'], ['soft temperature limit'])
    """

    def named(shift: int) -> frozenset[str]:
        return frozenset(flag for bit, flag in enumerate(FLAGS) if word >> (shift + bit) & 1)

    return Throttling(named(0), named(PAST))


def read_throttling(root: Path) -> Throttling | None:
    """What the firmware says; None on other boards.

    Where the kernel does not show the firmware's answer, its voltage sensor still tells under-voltage.
    """
    for file in _matches(root, FIRMWARE):
        try:
            return decode(int(file.read_text(), 16))
        except (OSError, ValueError):
            continue
    for sensor in _matches(root, ("sys/class/hwmon/hwmon*",)):
        try:
            if (sensor / "name").read_text().strip() == "rpi_volt":
                low = int((sensor / "in0_lcrit_alarm").read_text())
                return Throttling(frozenset([UNDER_VOLTAGE] if low else []))
        except (OSError, ValueError):
            continue
    return None


def _matches(root: Path, patterns: tuple[str, ...]) -> Iterator[Path]:
    for pattern in patterns:
        yield from sorted(root.glob(pattern))
