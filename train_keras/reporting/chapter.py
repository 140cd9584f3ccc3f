"""One system on the page: its measurements with their pictures, and where its models look."""

from __future__ import annotations

from collections.abc import Callable
from html import escape

from train_keras.measures import SCHEMES
from train_keras.predictions import Predictions
from train_keras.reporting import wording
from train_keras.reporting.contents import Chapter
from train_keras.reporting.html import as_webp, data_uri, table
from train_keras.reporting.plots import DARK, LIGHT, Theme, reliability_picture, roc_picture
from train_keras.reporting.store import Measurement

_HOT = 55  # per cent from which a cell's text changes its colour


def write_chapter(chapter: Chapter) -> str:
    system = chapter.system
    parts = [f'<section id="{system.key}">', f"<h2>{escape(system.title)}</h2>"]
    if system.paper:
        parts.append(f'<p class="paper">{escape(system.paper)}</p>')
    parts.append(f'<p class="summary">{escape(system.summary)}</p>')
    if chapter.measurements:
        parts.append(_measurements([record for record, _ in chapter.measurements]))
    else:
        parts.append('<p class="note">No model of this system is measured yet.</p>')
    parts += [
        _details(record, answers, first=i == 0) for i, (record, answers) in enumerate(chapter.measurements)
    ]
    parts.append('<div class="sheets">')
    for model, path in chapter.sheets:
        caption = f"Where {escape(model)} looks, on the shipped clip: bare faces first, then masked ones."
        parts.append(
            f'<figure class="sheet"><figcaption>{caption}</figcaption>'
            f'<img src="{data_uri(as_webp(path))}" alt="{caption}"></figure>'
        )
    return "\n".join([*parts, "</div></section>"])


def _measurements(records: list[Measurement]) -> str:
    rows = []
    for r in records:
        low, high = r.interval
        auc = "-" if r.auc is None else f"{r.auc:.3f}"
        cells = [
            wording.of_what(r), f"{r.faces:,}", f"<b>{100 * r.accuracy:.2f}</b>",
            f"{100 * low:.1f} to {100 * high:.1f}", f"{100 * r.precision:.2f}", f"{100 * r.recall:.2f}",
            f"{100 * r.f1:.2f}", auc, f"{100 * r.ece:.1f}",
        ]  # fmt: skip
        rows.append(cells)
    return table(["model and faces", "faces", "accuracy", "95 %", "P", "R", "F1", "AUC", "ECE"], rows)


def _details(record: Measurement, answers: Predictions | None, first: bool) -> str:
    """Confusion matrix, ROC and reliability of one measurement, folded away but for the first."""
    figures = []
    if record.confusion is not None:
        figures.append(_confusion(record))
    if answers is not None:
        figures.append(_picture("ROC of each label against the rest", roc_picture, answers))
        figures.append(_picture("Reliability: confidence against accuracy", reliability_picture, answers))
    share = f"{100 * record.accuracy:.2f} % of {record.faces:,}"
    return f"""<details{" open" if first else ""}>
<summary>{escape(wording.of_what(record))} <span>{share}</span></summary>
<div class="figures">{"".join(figures)}</div>
<p class="origin"><code>{escape(record.command)}</code>, {record.date}, commit {escape(record.commit)},
weights sha256 <code>{record.weights_sha256[:12]}…</code></p>
</details>"""


def _picture(caption: str, draw: Callable[[Predictions, Theme], bytes], answers: Predictions) -> str:
    """The same picture for light and for dark pages."""
    light, dark = (data_uri(draw(answers, theme)) for theme in (LIGHT, DARK))
    return (
        f"<figure><figcaption>{caption}</figcaption><picture>"
        f'<source media="(prefers-color-scheme: dark)" srcset="{dark}">'
        f'<img src="{light}" alt="{caption}: {escape(answers.name)}"></picture></figure>'
    )


def _confusion(record: Measurement) -> str:
    labels = SCHEMES[record.labels]
    head = "".join(f"<th><span>{label}</span></th>" for label in labels)
    rows = []
    for label, counts in zip(labels, record.confusion or [], strict=True):
        total = sum(counts)
        shares = [100 * count / total if total else 0.0 for count in counts]
        cells = "".join(
            f'<td style="--share:{share:.0f}"{" class=hot" if share > _HOT else ""}>{share:.0f}</td>'
            for share in shares
        )
        rows.append(f'<tr><th scope="row">{label} <small>{total}</small></th>{cells}</tr>')
    caption = "Confusion in per cent of each row: truth down (faces), answer across"
    return (
        f'<figure><figcaption>{caption}</figcaption><table class="confusion"><thead><tr><th></th>{head}</tr>'
        f"</thead><tbody>{''.join(rows)}</tbody></table></figure>"
    )
