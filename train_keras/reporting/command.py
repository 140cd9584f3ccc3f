"""The commands `mien report` and `mien explain`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def report(
    results: Annotated[Path, typer.Option(help="Folder of the results store.")] = Path("docs/results"),
    page: Annotated[Path, typer.Option(help="Where the HTML page goes.")] = Path("runs/report.html"),
    predictions: Annotated[Path, typer.Option(help="Folder of answers.")] = Path("docs/results/predictions"),
    sheets: Annotated[Path, typer.Option(help="Folder of explain_MODEL.png.")] = Path("docs/figures"),
) -> None:
    """Write the papers' claims beside what was measured: one HTML page, and docs/results.md."""
    from train_keras import report as reports

    typer.echo(reports.report(results, page, predictions=predictions, sheets=sheets))


def explain(
    model: Annotated[Path, typer.Argument(help="A .keras file.")],
    sheet: Annotated[
        Path | None, typer.Option(help="Where the sheet goes; docs/figures/explain_NAME.png by default.")
    ] = None,
    layer: Annotated[str | None, typer.Option(help="Whose map Grad-CAM weights; the last fine one.")] = None,
) -> None:
    """Draw where a network looks, on bare and masked faces of the shipped clip."""
    from train_keras.reporting import sheets

    typer.echo(sheets.explain(model, sheet, layer))
