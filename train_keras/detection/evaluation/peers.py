"""Who takes part in the comparison: the detectors under test and every peer that can be had here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from edge.detectors import THRESHOLD, Detector, open_detector
from edge.errors import MienError
from train_keras.detection.evaluation.adapters import BlazeFace, Haar, Mtcnn

FLOOR = 0.02  # least score that is collected; curves and average precision end there
HOG_FLOOR = 0.2  # below it dlib's detector answers with hundreds of boxes a picture
SIDES = (320, 160, 640)  # the main one first
PEER_SIDES = (320, 640)
BLAZEFACE = {"short range, 128": "SHORT", "full range, 192": "FULL", "back camera, 256": "BACK_CAMERA"}


@dataclass(frozen=True, slots=True)
class Contender:
    """One detector of the comparison.

    Attributes:
        name: unique, as it stands in the tables.
        family: what it is; detectors of one family never confirm each other's false boxes.
        make: opens it, given the least score.
        side: longest side of what it looks at, in pixels; None when it has a size of its own.
        threshold: its operating point, as it ships.
        floor: least score it can be asked for; its threshold where that is fixed.
        witness: may confirm other families' false boxes. facet learned from YuNet's answers and is measured
            against it, so neither testifies for the other.
        tested: one of mien's own that the comparison is about, not a peer.
    """

    name: str
    family: str
    make: Callable[[float], Detector]
    side: int | None
    threshold: float = THRESHOLD
    floor: float = FLOOR
    witness: bool = False
    tested: bool = False


@dataclass(frozen=True, slots=True)
class Field:
    """Who takes part.

    Attributes:
        running: those who do, the detectors under test first.
        detectors: theirs by name, opened at their floors.
        absent: those who do not, with the reason.
    """

    running: list[Contender]
    detectors: dict[str, Detector]
    absent: dict[str, str]

    @property
    def primary(self) -> Contender:
        return self.running[0]


def gather(
    specs: Sequence[str],
    yunet: Path,
    centerface: Path | None,
    threshold: float | None = None,
    only: int | None = None,
) -> Field:
    """Find out who can take part.

    Args:
        specs: of the detectors under test, as `open_detector` takes them; the first is measured at three
            sizes, the others at the main one.
        yunet, centerface: the networks' files; mien comes without them.
        threshold: operating point of the detectors under test; None takes their bundles'.
        only: leave out who does not look at so many pixels.
    Raises:
        MienError: a detector under test cannot be opened.
    """
    sizes = [(specs[0], side) for side in SIDES] + [(spec, SIDES[0]) for spec in specs[1:]]
    running, detectors, absent = [], {}, {}
    for tested in _unique([_under_test(spec, side) for spec, side in sizes if only in (None, side)]):
        detectors[tested.name] = tested.make(tested.floor)
        own = _own_threshold(detectors[tested.name])
        running.append(replace(tested, threshold=own if threshold is None else threshold))
    if centerface is None:
        absent["CenterFace"] = "give its network's file with --centerface"
    for peer in _peers(yunet, centerface):
        if only not in (None, peer.side):
            continue
        try:
            detectors[peer.name] = peer.make(peer.floor)
            running.append(peer)
        except MienError as error:
            absent[peer.name] = str(error).replace(f"{Path.cwd()}/", "")  # no path of this machine in docs
    return Field(running, detectors, absent)


def _under_test(spec: str, side: int) -> Contender:
    name, _, file = spec.partition(":")
    title = f"{name} ({Path(file).name})" if file else name
    return Contender(f"{title} {side}", name, _opened(spec, side), side, tested=True)


def _own_threshold(detector: Detector) -> float:
    bundle = getattr(detector, "bundle", None)
    return THRESHOLD if bundle is None else float(bundle.manifest.threshold)


def _unique(contenders: list[Contender]) -> list[Contender]:
    """Bundles of one folder name in different places are numbered."""
    names = [contender.name for contender in contenders]
    return [
        replace(c, name=f"{c.name} ({names[: i + 1].count(c.name)})") if c.name in names[:i] else c
        for i, c in enumerate(contenders)
    ]


def _peers(yunet: Path, centerface: Path | None) -> list[Contender]:
    return [
        *_sized("YuNet", "yunet", f"yunet:{yunet}"),
        *(_sized("CenterFace", "centerface", f"centerface:{centerface}", witness=True) if centerface else ()),
        *_sized("dlib HOG", "hog", "hog", HOG_FLOOR, witness=True),
        *(_fixed(f"BlazeFace {name}", "blazeface", _blazeface(model)) for name, model in BLAZEFACE.items()),
        _fixed("MTCNN 640", "mtcnn", lambda _: Mtcnn()),
        _fixed("OpenCV Haar 640", "haar", lambda _: Haar()),
    ]


def _sized(
    name: str, family: str, spec: str, floor: float = FLOOR, witness: bool = False
) -> Iterator[Contender]:
    """A peer at two sizes; at the larger one it may be a witness."""
    for side in PEER_SIDES:
        testifies = witness and side == max(PEER_SIDES)
        yield Contender(f"{name} {side}", family, _opened(spec, side), side, THRESHOLD, floor, testifies)


def _fixed(name: str, family: str, make: Callable[[float], Detector]) -> Contender:
    """A peer whose threshold is part of it."""
    return Contender(name, family, make, None, floor=THRESHOLD, witness=True)


def _opened(spec: str, side: int) -> Callable[[float], Detector]:
    return lambda least: open_detector(spec, side, least)


def _blazeface(model: str) -> Callable[[float], Detector]:
    return lambda _: BlazeFace(model)
