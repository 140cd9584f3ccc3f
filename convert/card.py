"""The model card of a bundle, written from its manifest and from what was measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from convert.records import ParityRecord, VariantRecord
from convert.report import cost_table, machine_note, parity_table
from edge.bundles import DetectionManifest, Manifest
from train_keras.reporting.store import Measurement

TERMS = {
    "ferplus": "Pictures: FER2013 (ICML 2013 challenge, for research). Labels: FER+, votes of ten people a "
    "face (Microsoft, MIT licence). No picture of theirs is in this bundle.",
    "fer2013": "Pictures and labels: FER2013 (ICML 2013 challenge, for research). No picture of theirs is in "
    "this bundle.",
}
DETECTION_TERMS = """Photographs with annotated faces and masks, from collections whose terms are mixed or
not stated; face crops with and without masks (MIT licence); LFW and FER2013 faces, published for research.
None of these pictures is in this bundle: its golden frames are from mien's own demo clip."""


def expression_card(
    manifest: Manifest,
    record: ParityRecord,
    *,
    data: str,
    faces: int,
    kept: str = "",
    measurements: Sequence[Measurement] = (),
) -> str:
    """Markdown.

    Args:
        record: of all variants of this network.
        data: name of the set it was trained on.
        faces: how many were measured on.
        kept: what int8 keeps float32 and why; empty where nothing is.
        measurements: of `mien evaluate` on the network that was converted, one a kind of occlusion.
    """
    variant = _variant(record, manifest.quantisation)
    metrics = _rows((m["set"], f"{m['value']:.2f}", m["protocol"]) for m in manifest.metrics)
    return f"""# {manifest.name} {manifest.version}

Reads seven expressions ({", ".join(manifest.labels)}) from a grey face crop of {manifest.input.size} px;
{manifest.quantisation} TFLite.{_mirror(manifest)}

## Intended use
Telling how a face looks to a crowd of annotators, on the device, where a wrong answer costs nothing: a
robot's manners, an exhibit.

## Out of scope
Telling what a person feels, intends or is; decisions about a person; work and education, where the EU AI Act,
Article 5(1)(f), forbids emotion recognition; recognising who somebody is, which it cannot.

## Measured
`{record.command}`; accuracy in per cent:

| set | accuracy, % | protocol |
|---|---|---|
{metrics}
{_occlusions(measurements)}
Occlusions are painted: no public set holds real masks together with expression labels.

## Quantisation and parity
{record.protocol}. Per cent.

{parity_table(record)}

{cost_table(record)}

{machine_note(record)}
{kept and f"{chr(10)}{kept}{chr(10)}"}
## Calibration
{_calibration(manifest, variant, faces)}

## Data
{TERMS.get(data, f"{data}; its own terms apply. No picture is in this bundle.")}

## Training
{_list(manifest.training)}

## Limits
It errs more on fear and disgust, which are rare in its training pictures, on covered faces, on faces turned
far aside, and on people who are rare in those pictures; nobody has measured by how much for whom. The labels
are a crowd's guesses at posed and spontaneous faces found on the web. Answers whose coarse probability is
below {manifest.calibration.abstain_below} are marked as abstained.
"""


def detection_card(manifest: DetectionManifest, record: ParityRecord, table: str) -> str:
    """Markdown.

    Args:
        table: recall and average precision of all variants, Markdown.
    """
    metrics = _rows((m["set"], f"{m['value']:.2f}", m["protocol"]) for m in manifest.metrics)
    spec = manifest.input
    return f"""# {manifest.name} {manifest.version}

Finds faces, bare and masked, with five landmarks and a mask state ({", ".join(manifest.labels)}) each;
{manifest.quantisation} TFLite. BGR pictures of any size whose sides are multiples of {manifest.strides[-1]};
exported at {spec.width} x {spec.height}.

## Intended use
Finding faces so that an expression can be read, and telling whether a mask is worn, and worn well.

## Out of scope
Recognising who somebody is, which it cannot; counting or watching people; enforcing that masks are worn.

## Measured
`{record.command}`; per cent:

| what | per cent | protocol |
|---|---|---|
{metrics}

Score threshold {manifest.threshold}. The comparison with other detectors on the test photographs is in
docs/results.md.

## Quantisation and parity
{record.protocol}.

{table}

{cost_table(record)}

{machine_note(record)}

## Data
{DETECTION_TERMS}

## Training
{_list(manifest.training)}

## Limits
Faces below 20 px of the network's input (40 px at 640 x 480), in profile, upside down or in the dark are
often missed. Boxes reach from the brows to the chin. Landmarks under a mask are guesses. Masks worn
incorrectly are rare in the training pictures and often taken for masks worn well.
"""


def _mirror(manifest: Manifest) -> str:
    if not manifest.input.mirror:
        return ""
    return (
        " The answer to a face is the mean of what the model says of its crop and of the crop's mirror "
        "image: mien asks for both, and so should you. That takes twice the milliseconds below."
    )


def _variant(record: ParityRecord, name: str) -> VariantRecord:
    return next(each for each in record.variants if each.variant == name)


def _calibration(manifest: Manifest, variant: VariantRecord, faces: int) -> str:
    full, masked = variant.measured["full"], variant.measured["masked"]
    columns = "answered", "answered_accuracy", "coarse_accuracy"
    below = manifest.calibration.abstain_below
    return (
        f"Temperature {manifest.calibration.temperature}, fitted on PublicTest and already in the weights; "
        f"{manifest.calibration.masked} more for faces that the detector says wear a mask, which is not. "
        f"An answer whose coarse probability is below {below} is marked as abstained. What that buys, on the "
        f"{faces:,} faces, coarse five, per cent:\n\n"
        "| faces | answered | right of these | without abstaining |\n|---|---|---|---|\n"
        + _rows(
            (name, *(f"{measured[key]:.1f}" for key in columns))
            for name, measured in (("bare", full), ("masked", masked))
        )
    )


def _occlusions(measurements: Sequence[Measurement]) -> str:
    if not measurements:
        return ""
    rows = _rows((m.occlusion, f"{100 * m.accuracy:.2f}", f"{m.faces:,}") for m in measurements)
    return (
        f"\nThe network before conversion under every occlusion, `{measurements[0].command}`:\n\n"
        f"| occlusion | accuracy, % | faces |\n|---|---|---|\n{rows}\n"
    )


def _rows(rows: Any) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _list(entries: Mapping[str, Any]) -> str:
    return "\n".join(f"- {name}: {value}" for name, value in entries.items())
