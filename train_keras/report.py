"""The report on the five systems: one HTML page, and their section of docs/results.md."""

from __future__ import annotations

from pathlib import Path

from train_keras.predictions import FOLDER as PREDICTIONS
from train_keras.reporting.claims import CLAIMS
from train_keras.reporting.contents import gather
from train_keras.reporting.markdown import write_section_body
from train_keras.reporting.page import write_page
from train_keras.reporting.store import STORE
from train_keras.results import RESULTS, write_section

PAGE = Path("runs/report.html")
SHEETS = Path("docs/figures")
COMMAND = "mien report"


def report(
    results: Path = STORE,
    page: Path = PAGE,
    *,
    claims: Path = CLAIMS,
    predictions: Path = PREDICTIONS,
    sheets: Path = SHEETS,
    section: Path = RESULTS,
) -> str:
    """Write both from what was measured; no model is run.

    Args:
        results: folder of the results store.
        page: the HTML file.
        claims: the papers' numbers.
        predictions: folder of answers; without them the page lacks ROC, reliability and comparisons.
        sheets: folder of `explain_MODEL.png`.
        section: the Markdown file that gets "The five systems".
    Returns:
        What was written, and which measured claims lack a reason.
    Raises:
        DataError: the store is missing, a file is damaged, or files contradict each other.
    """
    contents = gather(results, claims, predictions, sheets)
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(write_page(contents, COMMAND))
    write_section("systems", "The five systems", COMMAND, write_section_body(contents), section)
    measured = [row for row in contents.rows if row.ours is not None]
    reached = sum(bool(row.met) for row in measured)
    counts = f"{len(measured)} of {len(contents.rows)} claims measured, {reached} reached"
    lines = [f"wrote {page} and its section of {section}: {counts}"]
    lines += [
        f"{row.claim.key} needs a reason in {claims}"
        for row in measured
        if not row.met and not row.claim.reason
    ]
    lines += [f"{row.claim.key} needs a form in {claims}" for row in measured if not row.claim.form]
    return "\n".join(lines)
