"""`python -m image STOCK.img.xz …`; the Makefile types it."""

from __future__ import annotations

import argparse
import contextlib
import getpass
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from edge.errors import ConfigError, MienError
from edge.secrets import read_secret
from image import inputs, making
from image.copying import Hear, unpacked
from image.seed import Card
from image.wifi import Wifi, make_wifi


def main(arguments: list[str] | None = None) -> None:
    """Make the images that were asked for; a fault is one line on standard error and its exit code."""
    asked = _parser().parse_args(arguments)
    try:
        _make(asked)
    except MienError as error:
        print(f"image: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except (KeyboardInterrupt, EOFError):  # ^C, and ^D where the password is asked for
        print("image: interrupted; what was half written is gone", file=sys.stderr)
        sys.exit(130)


def _make(asked: argparse.Namespace) -> None:
    cards = _cards(asked)
    credentials = dict(map(inputs.read_credential, asked.credential))
    config = None if asked.config is None else inputs.read_config(asked.config)
    payload = making.Payload(inputs.read_package(asked.deb), config, credentials)
    with contextlib.ExitStack() as kept:
        with _listening(asked.stock) as hear:
            stock = kept.enter_context(unpacked(asked.stock, next(iter(cards)).parent, hear))
        for out, card in cards.items():
            with _listening(stock, out.name) as hear:
                making.make(stock, out, card, payload, hear)
            print(out, flush=True)


def _cards(asked: argparse.Namespace) -> dict[Path, Card]:
    """The devices by the files of their images."""
    user, keys, wifi = inputs.check_user(asked.user), inputs.read_ssh_keys(asked.ssh_key), _wifi(asked)
    cards = {}
    for number in range(asked.number, asked.number + asked.count):
        name = inputs.check_hostname(inputs.numbered(asked.hostname, number, "--hostname"))
        out = Path(inputs.numbered(asked.out, number, "--out")) if asked.out else Path("dist", f"{name}.img")
        cards[out] = Card(name, user, keys, wifi)
    if min(len(cards), len({card.hostname for card in cards.values()})) < asked.count:
        raise ConfigError("--hostname and --out name several devices alike: write {n} or {n:02d} into them")
    return cards


def _wifi(asked: argparse.Namespace) -> Wifi | None:
    if asked.wifi is None:
        return None
    if asked.country is None:
        raise ConfigError("--wifi comes with --country: say by whose rules the device may send, such as DE")
    if asked.wifi_password_file is not None:
        password = read_secret(asked.wifi_password_file)
    elif sys.stdin.isatty():
        password = getpass.getpass(f"Password of {asked.wifi}: ")
    else:
        raise ConfigError("nobody can be asked for the password here: write it into a --wifi-password-file")
    return make_wifi(asked.wifi, password, asked.country)


@contextlib.contextmanager
def _listening(source: Path, name: str = "unpacking") -> Iterator[Hear]:
    """A bar on a terminal's standard error for the bytes read of a file; it comes with the first of them."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        total = source.stat().st_size if source.is_file() else None
        task = progress.add_task(name, total=total, visible=False)
        yield lambda read: progress.update(task, completed=read, visible=True)


def _count(text: str) -> int:
    number = int(text)
    if not 1 <= number <= 1000:
        raise ValueError
    return number


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="image", description="Put mien onto a stock Raspberry Pi OS image.")
    add = parser.add_argument
    add("stock", type=Path, help="an .img or .img.xz of Raspberry Pi OS Trixie; it is read alone")
    add("--deb", type=Path, required=True, help="mien's package; `make deb` builds it")
    add("--hostname", required=True, help="of the device; {n:02d} stands for its number: 'kiosk-{n:02d}'")
    add("--number", type=int, default=1, help="of the first device")
    add("--count", type=_count, default=1, help="an image for each of so many devices, up to 1000")
    add("--out", help="the new image, as a pattern like --hostname's; default: dist/HOSTNAME.img")
    add("--user", default="pi", help="who may log in by ssh and become root; default: pi")
    add("--ssh-key", type=Path, required=True, help="file of that user's public keys; no password opens")
    add("--wifi", metavar="SSID", help="a wireless network to join; its password is asked for")
    add("--wifi-password-file", type=Path, help="a file with the password of that network")
    add("--country", help="two capitals: whose rules for radio are to be kept; comes with --wifi")
    add("--config", type=Path, help="mien's configuration")
    add("--credential", action="append", default=[], metavar="NAME=FILE", help="a secret of mien's service")
    return parser


if __name__ == "__main__":
    # As after ^C: what is half written goes.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    main()
