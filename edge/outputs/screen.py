"""What the terminal view shows, as lines of styled text: picture, people, figures, last messages."""

from __future__ import annotations

from dataclasses import dataclass, field

from rich.text import Text

from edge.labels import COARSE, LABELS
from edge.outputs.halfblock import cells, picture
from edge.outputs.history import PERIOD_SECONDS, History, Span
from edge.types import Frame, Observation, ObservedFace

COLOURS = {
    "angry": "#ff6f66",
    "disgust": "#a9c94e",
    "fear": "#b79cff",
    "happy": "#ffc34a",
    "sad": "#63b1ff",
    "surprise": "#3fd8ca",
    "neutral": "#c3cac0",
    "unsure": "#7d847b",
}
MASK_WORDS = {"mask": "mask", "no_mask": "no mask", "mask_worn_incorrectly": "mask worn wrongly"}
SOFT = "#8b9488"
GROUND = "#262b26"
LEVELS = "▁▂▃▄▅▆▇█"
FULL_CARD = 10  # lines of a person with bars
MESSAGES = 2
MARGIN = " "
GAP = "  "
NARROW = 58  # columns below which there is no room for a picture
WIDEST = 72  # columns of the picture: more cost too much to draw


@dataclass
class Scene:
    """Everything one refresh shows. Times are monotonic seconds, latency seconds."""

    camera: str
    now: float = 0.0
    observation: Observation | None = None
    frame: Frame | None = None
    fps: float = 0.0
    latency: float | None = None
    rates: list[float] = field(default_factory=list)
    history: History = field(default_factory=History)
    messages: list[str] = field(default_factory=list)
    page: str | None = None


def draw(scene: Scene, width: int, height: int, colours: str | None) -> list[tuple[str, Text]]:
    """The whole screen: `height` lines of at most `width` columns, each a raw beginning and styled text.

    Args:
        colours: rich's name for what the terminal can show; the picture needs "256" or "truecolor".
    """
    inner = width - 2 * len(MARGIN)
    messages = [Text(message, style=SOFT) for message in scene.messages[-MESSAGES:]]
    space = max(0, height - 3 - len(messages))
    left, columns = seen(scene, inner, space, colours)
    right = people(scene, inner - columns, space)
    lines = [(MARGIN, header(scene, inner)), (MARGIN, Text("─" * inner, style=GROUND))]
    for row in range(space):
        beginning = left[row] + GAP if row < len(left) else " " * columns
        lines.append((MARGIN + beginning, right[row] if row < len(right) else Text()))
    lines += [(MARGIN, line) for line in (*messages, footer(scene))]
    for number, (_, line) in enumerate(lines):
        line.truncate(inner - columns if 2 <= number < 2 + space else inner, overflow="ellipsis")
    return lines[:height]


def header(scene: Scene, width: int) -> Text:
    """Name, camera, people; frame rate with its last half minute, latency."""
    left = Text.assemble(("mien", "bold"), ("  ", ""), (scene.camera, SOFT))
    if scene.observation is not None:
        count = len(scene.observation.faces)
        left.append(f"  {'nobody' if count == 0 else '1 face' if count == 1 else f'{count} faces'}", SOFT)
    right = Text()
    if width >= 70:
        right.append(f"{sparkline(scene.rates)} ", COLOURS["disgust"])
    right.append(f"{scene.fps:.1f}", "bold").append(" fps", SOFT)
    if scene.latency is not None:
        right.append(f"   {scene.latency * 1000:.0f}", "bold").append(" ms latency", SOFT)
    return left + Text(" " * max(1, width - left.cell_len - right.cell_len)) + right


def footer(scene: Scene) -> Text:
    """Where the page is and how to stop."""
    text = Text(style=SOFT)
    if scene.page is not None:
        text.append("page ").append(scene.page, "underline").append("  ·  ")
    return text.append(f"Ctrl-C stops  ·  strips show the last {PERIOD_SECONDS:.0f} s")


def seen(scene: Scene, width: int, height: int, colours: str | None) -> tuple[list[str], int]:
    """The picture's lines, and the columns it takes with the gap after it; 0 where there is no room."""
    if scene.observation is None or scene.frame is None:
        return [], 0
    if colours not in ("256", "truecolor") or width < NARROW or height < 3:
        return [], 0
    image = scene.frame.image
    room = min(width - max(36, width // 3) - len(GAP), WIDEST)
    size = cells((image.shape[0], image.shape[1]), room, height)
    boxes = [(face.face.box, rgb(COLOURS[shown_label(face)])) for face in scene.observation.faces]
    return picture(image, size, boxes, colours == "truecolor"), size[0] + len(GAP)


def people(scene: Scene, width: int, height: int) -> list[Text]:
    """A card a person while there is room, then a title and a history each."""
    if scene.observation is None:
        return [Text("waiting for the first frame", style=SOFT)]
    faces = scene.observation.faces
    if not faces:
        return [Text("nobody in view", style=SOFT)]
    lines: list[Text] = []
    for position, face in enumerate(faces):
        waiting = len(faces) - position - 1
        if height - len(lines) - FULL_CARD >= 3 * waiting:
            lines += card(face, scene, width)
        else:
            lines += [title(face, width), strip(scene.history.of(face.track), scene.now, width)]
        lines.append(Text())
    return lines[:height]


def card(face: ObservedFace, scene: Scene, width: int) -> list[Text]:
    """Title, coarse answer, seven bars, history: `FULL_CARD` lines."""
    coarse = face.expression.coarse
    best = int(coarse.argmax())
    words = f"{'closest' if face.expression.abstained else 'coarse'}: {COARSE[best]} {coarse[best]:.0%}"
    lines = [title(face, width), Text(words, style=SOFT)]
    for label, share in zip(LABELS, face.expression.probabilities.tolist(), strict=True):
        lines.append(bar(label, share, width, strong=label == shown_label(face)))
    return [*lines, strip(scene.history.of(face.track), scene.now, width)]


def title(face: ObservedFace, width: int) -> Text:
    """Track, label, share and mask state in one line."""
    label = shown_label(face)
    left = Text.assemble((f"#{face.track} " if face.track is not None else "", SOFT))
    left.append(label, f"bold {COLOURS[label]}")
    if label != "unsure":
        left.append(f" {float(face.expression.probabilities.max()):.0%}", "bold")
    mask = Text(MASK_WORDS.get(face.face.mask_state or "", "mask not checked"), style=SOFT)
    return left + Text(" " * max(1, width - left.cell_len - mask.cell_len)) + mask


def bar(label: str, share: float, width: int, strong: bool) -> Text:
    """One class: its name, a bar in halves of a cell, its share."""
    length = max(4, width - 14)
    halves = max(1, round(share * length * 2))
    filled = "━" * (halves // 2) + "╸" * (halves % 2)
    text = Text(f"{label:<9}", style="bold" if strong else SOFT)
    text.append(filled, COLOURS[label]).append("━" * (length - len(filled)), GROUND)
    return text.append(f"{share:>5.0%}", "bold" if strong else SOFT)


def strip(spans: list[Span], now: float, width: int) -> Text:
    """The last half minute as coloured cells, each span with its label where that fits."""
    text = Text()
    for span in spans:
        start, end = (round(width * (1 - (now - time) / PERIOD_SECONDS)) for time in (span.start, span.end))
        text.append(" " * (max(start, 0) - len(text)), f"on {GROUND}")
        length = max(end, 0) - len(text)
        name = f" {span.label}" if length > len(span.label) + 1 else ""
        text.append(f"{name:<{length}}" if length > 0 else "", f"#10140f on {COLOURS[span.label]}")
    return text.append(" " * (width - len(text)), f"on {GROUND}")


def sparkline(values: list[float]) -> str:
    """Eight heights from zero to half as much again as the highest value.

    >>> sparkline([0.0, 15.0, 30.0])
    '▁▃▆'
    """
    top = 1.5 * max(values, default=0.0) or 1.0
    return "".join(LEVELS[round(value / top * (len(LEVELS) - 1))] for value in values)


def shown_label(face: ObservedFace) -> str:
    """The label, or the honest "unsure"."""
    return "unsure" if face.expression.abstained else face.expression.label


def rgb(colour: str) -> tuple[int, int, int]:
    """The three bytes of "#rrggbb"."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
