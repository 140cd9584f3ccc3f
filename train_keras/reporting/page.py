"""The report as one HTML page that asks nobody for anything: style and pictures are inside."""

from __future__ import annotations

from datetime import UTC, datetime
from html import escape
from pathlib import Path
from string import Template

from train_keras.measures import calibration
from train_keras.reporting import wording
from train_keras.reporting.chapter import write_chapter
from train_keras.reporting.claims import PER_CENT, Row
from train_keras.reporting.contents import Chapter, Contents, Rivals
from train_keras.reporting.html import table
from train_keras.reporting.store import Figure

_FOLDER = Path(__file__).parent


def write_page(contents: Contents, command: str) -> str:
    """The whole page; `command` is what a reader types to write it again."""
    sections = [(c.system.key, c.system.title) for c in contents.chapters]
    if contents.rivals:
        sections.append(("comparison", "Differences between models"))
    calibrated = _calibration(contents)
    if calibrated:
        sections.append(("calibration", "Calibration"))
    if contents.figures:
        sections.append(("figures", "Speed and other figures"))
    return Template((_FOLDER / "page.html").read_text()).substitute(
        style=(_FOLDER / "page.css").read_text(),
        tally=_tally(contents),
        links="\n".join(f'<a href="#{key}">{escape(title)}</a>' for key, title in sections),
        claims="\n".join(_claims(c) for c in contents.chapters if c.rows),
        chapters="\n".join(map(write_chapter, contents.chapters)),
        comparison=_comparison(contents.rivals),
        calibration=calibrated,
        figures=_figures(contents.figures),
        command=escape(command),
        date=f"{datetime.now(UTC):%Y-%m-%d}",
    )


def _tally(contents: Contents) -> str:
    rows = contents.rows
    measured = [row for row in rows if row.ours is not None]
    cells = {
        "claims of the five papers": len(rows),
        "measurable with data at hand": sum(row.claim.result is not None for row in rows),
        "measured so far": len(measured),
        "where the paper's number is reached": sum(bool(row.met) for row in measured),
    }
    return "\n".join(f"<div><dt>{name}</dt><dd>{count}</dd></div>" for name, count in cells.items())


def _claims(chapter: Chapter) -> str:
    rows = "\n".join(map(_claim, chapter.rows))
    return f'<div class="claims"><h3>{escape(chapter.system.title)}</h3>\n{rows}\n</div>'


def _claim(row: Row) -> str:
    claim = row.claim
    here = f"here: {escape(claim.measured_on)}" if claim.measured_on else ""
    why = [f"<b>Why not met:</b> {escape(row.reason)}"] if row.met is False else []
    if claim.result is None:
        why.append(escape(row.reason))
    if claim.form:
        why.append(f"<b>Training</b> {escape(claim.form)}")
    return f"""<div class="claim">
<div class="name">{escape(claim.what)} <span class="badge">{wording.COMPARABLE[claim.comparable]}</span>
<div class="on">paper: {escape(claim.claimed_on)}</div><div class="on">{here}</div></div>
{_scale(row)}
<div class="value paper-value"><small>paper</small>{_value(claim.paper, claim.unit)}</div>
{_ours(row)}
<div class="why">{" · ".join(why)}<code>{escape(row.command)}</code></div>
</div>"""


def _ours(row: Row) -> str:
    if row.ours is None:
        return f'<div class="value none">{wording.ours(row)}</div>'
    state = "met" if row.met else "missed"
    low_high = f"<small>{wording.interval(row)}</small>" if row.interval else ""
    return (
        f'<div class="value"><small>here <span class="{state}">{wording.difference(row)}</span></small>'
        f"<b>{_value(row.ours, row.claim.unit)}</b>{low_high}</div>"
    )


def _value(value: float, unit: str) -> str:
    """A number with its unit in small print."""
    digits, _, name = wording.number(value, unit).partition(" ")
    return digits + (f" <small>{escape(name)}</small>" if name else "")


def _scale(row: Row) -> str:
    """Both numbers on a line from 0 to 100 %; empty for other units."""
    if row.claim.unit != PER_CENT:
        return "<div></div>"
    marks = [f'<i class="tick" style="left:{row.claim.paper:.2f}%"></i>']
    told = f"paper {row.claim.paper:.2f} %"
    if row.interval:
        low, high = row.interval
        marks.insert(0, f'<i class="range" style="left:{low:.2f}%;width:{high - low:.2f}%"></i>')
    if row.ours is not None:
        marks.append(f'<i class="dot" style="left:{row.ours:.2f}%"></i>')
        told += f", here {row.ours:.2f} %"
    return f'<div class="scale" role="img" aria-label="{told}">{"".join(marks)}</div>'


def _comparison(rivals: list[Rivals]) -> str:
    if not rivals:
        return ""
    tables = []
    for group in rivals:
        rows = [
            [
                f"{escape(c.first)} / {escape(c.second)}", str(c.only_first), str(c.only_second),
                f"{100 * c.difference:+.2f}", wording.probability(c.p), wording.probability(c.adjusted),
                escape(wording.verdict(c)),
            ]
            for c in group.comparisons
        ]  # fmt: skip
        covered = "bare" if group.occlusion == "full" else group.occlusion
        head = [
            f"{escape(group.set)}, {covered}, {group.labels} labels",
            "only first",
            "only second",
            "points",
        ]
        tables.append(table([*head, "p", "corrected p", ""], rows))
    summary = (
        "McNemar's test on the same faces: how many only one of the two models answers right, and whether "
        "that could be chance."
    )
    return _section("comparison", "Differences between models", summary, tables)


def _calibration(contents: Contents) -> str:
    rows = []
    for chapter in contents.chapters:
        for record, answers in chapter.measurements:
            over = "-"
            if answers is not None:
                over = f"{100 * calibration(answers.probabilities, answers.classes).overconfidence:+.1f}"
            what = escape(wording.of_what(record))
            rows.append([what, f"{100 * record.accuracy:.2f}", f"<b>{100 * record.ece:.1f}</b>", over])
    if not rows:
        return ""
    summary = (
        "A calibrated model is right as often as it says. The last column is mean confidence less accuracy, "
        "in points: above 0 the model claims too much."
    )
    head = ["model and faces", "accuracy", "ECE", "overconfidence"]
    return _section("calibration", "Calibration", summary, [table(head, rows)])


def _figures(figures: list[Figure]) -> str:
    if not figures:
        return ""
    rows = [
        [
            escape(f.key),
            f"<b>{escape(wording.number(f.value, f.unit))}</b>",
            escape(f.machine) or "-",
            _code(f),
        ]
        for f in figures
    ]
    summary = "What is measured in other units than shares of faces."
    head = ["figure", "value", "machine", "command"]
    return _section("figures", "Speed and other figures", summary, [table(head, rows)])


def _code(figure: Figure) -> str:
    return f"<code>{escape(figure.command)}</code>"


def _section(key: str, title: str, summary: str, tables: list[str]) -> str:
    return f'<section id="{key}"><h2>{title}</h2><p class="summary">{summary}</p>{"".join(tables)}</section>'
