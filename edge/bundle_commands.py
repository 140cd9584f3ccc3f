"""`mien bundle`: pack, sign, verify and look at models. A command imports what it needs when it is called."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from edge.errors import ConfigError

if TYPE_CHECKING:
    from edge.bundles.signing import TrustedKey

bundle_app = typer.Typer(no_args_is_help=True, help="Model bundles: pack, sign, verify.")

FileOrFolder = Annotated[Path, typer.Argument(metavar="FILE|FOLDER", help="A .mien file, or its folder.")]
Keys = Annotated[
    list[Path] | None,
    typer.Option(
        "--key", metavar="PUB", help="Trust this public key; /etc/mien/keys and ~/.config/mien/keys without."
    ),
]
SecretKeyFile = Annotated[Path, typer.Option("--secret-key", metavar="KEY", help="File of the secret key.")]
PasswordFile = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Holds the secret key's password; asked for without."),
]


@bundle_app.command()
def create(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="With the bundle's four files.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="NAME-VERSION.mien by default.")
    ] = None,
) -> None:
    """Pack a bundle's folder as one .mien file."""
    from edge.bundles import verify
    from edge.bundles.archive import SUFFIX, pack

    manifest = verify(folder).manifest
    print(pack(folder, output or Path(f"{manifest.name}-{manifest.version}{SUFFIX}")))


@bundle_app.command()
def verify(
    path: FileOrFolder,
    signature: Annotated[
        Path | None, typer.Option(metavar="MINISIG", help="FILE.minisig by default.")
    ] = None,
    key: Keys = None,
    allow_unsigned: Annotated[
        bool,
        typer.Option("--allow-unsigned", help="Accept a file without signature, not one with a wrong one."),
    ] = False,
) -> None:
    """Tell who signed a bundle, whether it is sound, and whether it works here."""
    from edge.bundles import signing
    from edge.bundles.admission import admit
    from edge.bundles.summary import opened

    if path.is_dir():
        if signature or key:
            raise typer.BadParameter("a folder has no signature: give the .mien file")
        print("not signed: a folder")
    else:
        beside = signature or signing.signature_of(path)
        if allow_unsigned and not signature and not beside.exists():
            print("not signed")
        else:
            signer = signing.verify(path, beside, _trusted(key))
            print(f"signed by {signer.key_name} ({signer.key_id}): {_plain(signer.comment)}")
    with opened(path) as folder:
        found = admit(folder)
    print(
        f"{found.name} {found.version} works here: {1000 * found.latency_seconds:.2f} ms a look, largest "
        f"difference from the golden outputs {found.golden_difference:.4f}, with {found.runtime}"
    )


@bundle_app.command()
def sign(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A .mien file.")],
    secret_key: SecretKeyFile,
    password_file: PasswordFile = None,
) -> None:
    """Sign a .mien file: writes FILE.minisig."""
    from edge.bundles import signing
    from edge.bundles import verify as verify_folder
    from edge.bundles.summary import opened

    with opened(file) as folder:  # what is broken should not be vouched for
        manifest = verify_folder(folder).manifest
    password = password_of(secret_key, password_file)
    print(signing.sign(file, secret_key, password, f"bundle:{manifest.name}\tversion:{manifest.version}"))


@bundle_app.command()
def keygen(
    secret_key: SecretKeyFile,
    public_key: Annotated[Path, typer.Option("--public-key", metavar="PUB", help="File of the public key.")],
    password_file: PasswordFile = None,
    no_password: Annotated[
        bool, typer.Option("--no-password", help="Leave the secret key readable to whoever gets the file.")
    ] = False,
) -> None:
    """Make a pair of keys to sign bundles with."""
    from edge.bundles.signing import create_keys

    password = None if no_password else _password(password_file, f"Password for {secret_key}", again=True)
    made = create_keys(secret_key, public_key, password)
    print(f"key {made.key_id}: keep {secret_key} to yourself, give {public_key} to those who should trust it")


@bundle_app.command()
def info(
    path: FileOrFolder,
    key: Keys = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")] = False,
) -> None:
    """Show what a bundle says of itself, and who signed it."""
    from json import dumps

    from edge.bundles.summary import summarise

    told = summarise(path, _trusted(key))
    if json:
        print(dumps(told, indent=2))
    else:
        _print_table(told)


def _trusted(files: list[Path] | None) -> list[TrustedKey]:
    from edge.bundles.signing import read_key, trusted_keys

    return [read_key(file) for file in files] if files else trusted_keys()


def password_of(secret_key: Path, password_file: Path | None) -> str | None:
    """The password of a secret key, from the file or from whoever is asked; None of one that has none.

    Raises:
        ConfigError: the key or the password cannot be read.
    """
    from edge.bundles.keys import read_secret_key

    if not read_secret_key(secret_key).is_encrypted():
        return None
    return _password(password_file, f"Password of {secret_key}", again=False)


def _password(file: Path | None, question: str, again: bool) -> str:
    """From a file or a person: what stands on a command line, other programs can see."""
    if file is not None:
        from edge.secrets import read_secret

        return read_secret(file)
    if not sys.stdin.isatty():
        raise ConfigError("there is nobody to ask for a password: give --password-file")
    return str(typer.prompt(question, hide_input=True, confirmation_prompt=again, err=True))


def _print_table(told: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Column, Table
    from rich.text import Text

    table = Table("", Column(overflow="fold"), show_header=False)
    for name, value in _rows(told):
        table.add_row(Text(_plain(name)), Text(_plain(value)))
    Console().print(table)


def _rows(told: dict[str, Any]) -> list[tuple[str, str]]:
    size, signature = told["input"], told["signature"]
    across, down = size.get("width", size.get("size")), size.get("height", size.get("size"))
    read = f"{across} x {down}, {size['channels']} channel{'s' if size['channels'] > 1 else ''}"
    read += ", mirrored too" if size.get("mirror") else ""
    rows = [
        ("name", told["name"]),
        ("version", told["version"]),
        ("task", told["task"]),
        ("labels", ", ".join(told["labels"])),
        ("input", read),
        ("quantisation", told["quantisation"]),
        ("minimum runtime", f"ai-edge-litert {told['minimum_runtime']}"),
    ]
    if "calibration" in told:
        calibration = told["calibration"]
        rows.append(
            (
                "calibration",
                f"temperature {calibration['temperature']}, {calibration['masked']} more under a mask, "
                f"abstains below {calibration['abstain_below']}",
            )
        )
    else:
        rows.append(("threshold", str(told["threshold"])))
    rows += [("size", ", ".join(f"{name} {size / 1024:.0f} KiB" for name, size in told["bytes"].items()))]
    for metric in told["metrics"]:
        rows.append((str(metric.get("set", "")), f"{metric.get('value', '')} ({metric.get('protocol', '')})"))
    said = {
        "good": "good: {key_name} ({key_id}), {comment}",
        "bad": "bad: {reason}",
        "none": "none",
    }[signature["state"]]
    return [*rows, ("signature", said.format(**signature))]


def _plain(text: str) -> str:
    """Without what would steer a terminal."""
    return "".join(letter if letter.isprintable() else " " for letter in text)
