"""The section "The five systems" of docs/results.md."""

from __future__ import annotations

from edge.bundles import DEFAULT_MODEL
from train_keras.comparison import Comparison
from train_keras.reporting import wording
from train_keras.reporting.claims import Row
from train_keras.reporting.contents import Chapter, Contents, Rivals

_HEAD = """\
The papers' claims beside what is measured here, per cent unless told otherwise; in brackets 95 % of the
accuracy. A stand-in is another set than the paper's, so that its number says how the method does here and not
whether the paper is right. Macro averages run over all labels. Masks are painted."""


def write_section_body(contents: Contents) -> str:
    """Markdown of all systems, and of the tests between their models."""
    parts = [" ".join(_HEAD.split())]
    for chapter in contents.chapters:
        if chapter.rows:
            parts += [f"### {chapter.system.title}", f"{chapter.system.paper}.", _claims(chapter)]
    if contents.rivals:
        parts += ["### Differences between models", _legend()]
        parts += filter(None, map(_rivals, contents.rivals))
    return "\n\n".join(parts)


def _claims(chapter: Chapter) -> str:
    head = (
        "| claim | paper, on | paper | here | here, on | compares | training | command | if not met, why |\n"
    )
    return head + "|---" * 9 + "|\n" + "\n".join(map(_row, chapter.rows))


def _row(row: Row) -> str:
    claim, ours = row.claim, wording.ours(row)
    if row.ours is not None:
        ours = f"**{ours}**" + (f" ({wording.interval(row)})" if row.interval else "")
    cells = [
        claim.what,
        claim.claimed_on,
        wording.number(claim.paper, claim.unit),
        ours,
        claim.measured_on or "-",
        wording.COMPARABLE[claim.comparable],
        wording.form(claim) or "-",
        f"`{row.command}`",
        row.reason or "-",
    ]
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _legend() -> str:
    return (
        "McNemar's test on the same faces: how many only the first or only the second model answers right, p "
        "(exact below 25 such faces), and p corrected for the number of all pairs (Holm). Pairs of a family "
        "and those with the default; runs/report.html has the rest."
    )


def is_told(pair: Comparison) -> bool:
    """Whether a pair belongs here: pairs grow as the square of the models, and most of them nobody asks for.

    A family are the models whose names begin with the same word, such as a network and its ablations.
    """
    families = {name.partition("_")[0] for name in (pair.first, pair.second)}
    return len(families) == 1 or DEFAULT_MODEL in (pair.first, pair.second)


def _rivals(rivals: Rivals) -> str:
    """A table, or nothing where no pair belongs here."""
    rows = [
        f"| {c.first} / {c.second} | {c.only_first} / {c.only_second} | {100 * c.difference:+.2f} | "
        f"{wording.probability(c.p)} | {wording.probability(c.adjusted)} | {wording.verdict(c)} |"
        for c in filter(is_told, rivals.comparisons)
    ]
    if not rows:
        return ""
    group = f"{rivals.set}, {rivals.occlusion}, {rivals.labels}"
    head = f"| {group} | only first / only second | points | p | corrected | |\n"
    return head + "|---" * 6 + "|\n" + "\n".join(rows)
