"""Card images, of a stock image that is made here; tests/systemd/test_first_boot.py boots what is on one."""

from __future__ import annotations

import hashlib
import json
import lzma
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from image import making
from image.__main__ import main
from image.copying import copy
from image.fat import BootPartition
from image.inputs import read_package
from image.making import HERE, Payload
from image.partitions import Partition
from image.seed import Card
from image.system import read_system
from stock_images import (
    BOOT_OFFSET,
    CMDLINE,
    ROOT_OFFSET,
    make_package,
    make_stock,
    put,
    root_of,
    run,
    take_out,
)

from edge.errors import ImageError

ROOT = Path(__file__).resolve().parents[2]
PUBLIC = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f me@desk"
ENVIRONMENT = {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'packaging'}"}
CONFIG = '[camera]\nsource = "picamera"\n'


@pytest.fixture(scope="module")
def stock(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_stock(tmp_path_factory.mktemp("stock"))


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_package(tmp_path_factory.mktemp("package"))


@pytest.fixture
def key(tmp_path: Path) -> Path:
    (tmp_path / "id.pub").write_text(f"# mine\n{PUBLIC}\n")
    return tmp_path / "id.pub"


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """A folder for what is made."""
    (tmp_path / "out").mkdir()
    return tmp_path / "out"


def flags(stock: Path, package: Path, key: Path, out: Path, *more: str) -> list[str]:
    return [
        str(stock),
        *("--deb", str(package), "--ssh-key", str(key), "--hostname", "kiosk-{n:02d}"),
        *("--out", f"{out}/kiosk-{{n:02d}}.img", *more),
    ]


def document(file: Path) -> Any:
    text = file.read_text()
    assert not text.startswith("#") or text.startswith("#cloud-config\n")
    return json.loads(text.removeprefix("#cloud-config\n"))


def refused(capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, *words: str) -> None:
    """It ended with one line and its exit code."""
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    said = capsys.readouterr().err
    assert ended.value.code == code, said
    assert said.startswith("image: ")
    assert said.count("\n") == 1
    for word in words:
        assert word in said


def test_package_and_seed_lie_on_the_boot_partition(
    stock: Path, package: Path, key: Path, out: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = hashlib.sha256(stock.read_bytes()).digest()
    (tmp_path / "kiosk.toml").write_text(CONFIG)
    (tmp_path / "broker").write_text("open sesame\n")
    (tmp_path / "air").write_text("password\n")
    (tmp_path / "air").chmod(0o600)
    more = ["--number", "7", "--config", f"{tmp_path}/kiosk.toml", "--wifi", "IEEE", "--country", "DE"]
    more += [
        "--wifi-password-file",
        f"{tmp_path}/air",
        "--credential",
        f"mien-mqtt-password={tmp_path}/broker",
    ]
    main(flags(stock, package, key, out, *more))
    image = out / "kiosk-07.img"
    assert capsys.readouterr().out == f"{image}\n"
    assert [path.name for path in out.iterdir()] == ["kiosk-07.img"]
    assert image.stat().st_mode & 0o777 == 0o600

    boot = take_out(image, tmp_path / "boot")
    user_data = document(boot / "user-data")
    assert user_data["hostname"] == "kiosk-07"
    assert user_data["user"]["ssh_authorized_keys"] == [PUBLIC]
    assert user_data["runcmd"][-1] == ["sh", "/boot/firmware/mien/first-boot.sh"]
    assert document(boot / "meta-data")["instance-id"] == "mien-kiosk-07"
    (point,) = document(boot / "network-config")["network"]["wifis"]["wlan0"]["access-points"].items()
    # The key of IEEE 802.11's own example.
    assert point == (
        "IEEE",
        {"password": "f42c6fc52df0ebef9ebb4b90b38a5f902e83fe1b135a70e23aed762e9710a12e"},
    )
    line = (boot / "cmdline.txt").read_text()
    assert line == f"{CMDLINE.strip()} ds=nocloud;i=mien-kiosk-07 cfg80211.ieee80211_regdom=DE\n"
    assert (boot / "config.txt").read_text() == "arm_64bit=1\n"

    laid = {
        path.relative_to(boot / "mien").as_posix() for path in (boot / "mien").rglob("*") if path.is_file()
    }
    assert laid == {"first-boot.sh", "config.toml", package.name, "credentials/mien-mqtt-password"}
    assert (boot / "mien" / package.name).read_bytes() == package.read_bytes()
    assert (boot / "mien/first-boot.sh").read_bytes() == (HERE / "first-boot.sh").read_bytes()
    assert (boot / "mien/config.toml").read_text() == CONFIG
    assert (boot / "mien/credentials/mien-mqtt-password").read_text() == "open sesame\n"

    assert hashlib.sha256(stock.read_bytes()).digest() == before
    assert root_of(image) == root_of(stock)
    assert image.stat().st_size == stock.stat().st_size
    assert image.stat().st_blocks * 512 < stock.stat().st_size // 2  # its empty parts take no room


def test_each_device_of_a_fleet_has_its_name(
    stock: Path, package: Path, key: Path, out: Path, tmp_path: Path
) -> None:
    packed = tmp_path / "stock.img.xz"
    packed.write_bytes(lzma.compress(stock.read_bytes(), preset=0))
    main(flags(packed, package, key, out, "--count", "2", "--number", "9"))
    assert sorted(path.name for path in out.iterdir()) == ["kiosk-09.img", "kiosk-10.img"]
    for name in ("kiosk-09", "kiosk-10"):
        boot = take_out(out / f"{name}.img", tmp_path / name)
        assert document(boot / "user-data")["hostname"] == name
        assert f"ds=nocloud;i=mien-{name}" in (boot / "cmdline.txt").read_text().split()
        assert "wifis" not in document(boot / "network-config")["network"]
        assert not (boot / "mien/credentials").exists()


def test_file_systems_are_sound_afterwards(stock: Path, package: Path, key: Path, out: Path) -> None:
    main(flags(stock, package, key, out))
    image = (out / "kiosk-01.img").read_bytes()
    boot = out / "boot.fat"
    boot.write_bytes(image[BOOT_OFFSET:ROOT_OFFSET])
    run("fsck.vfat", "-n", boot)  # raises where it finds a fault


def test_interrupted_it_leaves_nothing(stock: Path, package: Path, out: Path) -> None:
    def interrupt(read: int) -> None:
        assert [path.name for path in out.iterdir()] != []  # it has begun
        raise KeyboardInterrupt

    payload = Payload(read_package(package))
    with pytest.raises(KeyboardInterrupt):
        making.make(stock, out / "kiosk.img", Card("kiosk", "pi", (PUBLIC,)), payload, interrupt)
    assert list(out.iterdir()) == []


def test_told_to_end_it_leaves_whole_images_alone(stock: Path, package: Path, key: Path, out: Path) -> None:
    make = [sys.executable, "-m", "image", *flags(stock, package, key, out, "--count", "1000")]
    process = subprocess.Popen(
        make, env=ENVIRONMENT, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    process.stdout.readline()  # the first one is made, the second begun
    process.terminate()
    said = process.communicate()[1]
    assert process.returncode == 130
    assert said == b"image: interrupted; what was half written is gone\n"
    assert {path.name[0] for path in out.iterdir()} == {"k"}
    assert {path.stat().st_size for path in out.iterdir()} == {stock.stat().st_size}


def test_a_fault_leaves_what_was_there(
    stock: Path, package: Path, key: Path, out: Path, tmp_path: Path
) -> None:
    (out / "kiosk-01.img").write_text("older")
    damaged = tmp_path / "stock.img.xz"
    damaged.write_bytes(lzma.compress(stock.read_bytes(), preset=0)[:-2000])
    with pytest.raises(SystemExit):
        main(flags(damaged, package, key, out))
    assert [path.read_text() for path in out.iterdir()] == ["older"]


def test_a_damaged_image(
    stock: Path, package: Path, key: Path, out: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    damaged = tmp_path / "stock.img.xz"
    damaged.write_bytes(lzma.compress(stock.read_bytes(), preset=0)[:-2000])
    refused(capsys, flags(damaged, package, key, out), 71, "is damaged", "fetch it again")
    short = tmp_path / "short.img"
    short.write_bytes(stock.read_bytes()[:-4096])
    refused(capsys, flags(short, package, key, out), 71, "shorter than its partitions")
    assert list(out.iterdir()) == []


def test_what_is_no_image(
    package: Path, key: Path, out: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "letter.img").write_text("dear")
    refused(capsys, flags(tmp_path / "letter.img", package, key, out), 71, "is no image of a card")
    refused(capsys, flags(tmp_path / "nothing.img", package, key, out), 11, "nothing.img is no file")
    (tmp_path / "letter.img.xz").write_text("dear")
    refused(capsys, flags(tmp_path / "letter.img.xz", package, key, out), 71, "is damaged")
    assert list(out.iterdir()) == []


@pytest.mark.parametrize(
    ("types", "words"), [("83 83", "no FAT32 partition"), ("c c", "0x0c and 0x0c"), ("ee 83", "has a GPT")]
)
def test_other_partitions(
    package: Path,
    key: Path,
    out: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    types: str,
    words: str,
) -> None:
    stock = make_stock(tmp_path, types=types)
    refused(capsys, flags(stock, package, key, out), 71, words, "take an image of Raspberry Pi OS")


def test_an_image_without_cloud_init(
    package: Path, key: Path, out: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stock = make_stock(tmp_path, boot={"cmdline.txt": CMDLINE})
    refused(capsys, flags(stock, package, key, out), 71, "no user-data", "take Raspberry Pi OS Trixie")


def test_a_full_boot_partition_says_how_much_is_missing(
    package: Path, key: Path, out: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stock = make_stock(tmp_path)
    put(stock, "kernel8.img", bytes(36_000_000))
    large = tmp_path / package.name
    large.write_bytes(package.read_bytes())
    main(flags(stock, large, key, out))  # as it is, it fits
    with large.open("ab") as file:
        file.truncate(3_000_000)
    refused(capsys, flags(stock, large, key, out), 71, "has 1.9 MB too little room")
    assert [path.name for path in out.iterdir()] == ["kiosk-01.img"]


@pytest.mark.parametrize(
    ("made", "words"),
    [
        ({"arch": "amd64"}, "is for amd64 and the image for arm64"),
        ({"version": "0.1.0-1+deb12"}, "is for Debian 12 and the image 13"),
        ({"name": "hello"}, "not a package of mien's"),
        ({"version": "0.1.0"}, "not a package of mien's"),
    ],
)
def test_another_package(
    stock: Path,
    key: Path,
    out: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    made: dict[str, str],
    words: str,
) -> None:
    refused(capsys, flags(stock, make_package(tmp_path, **made), key, out), 71, words, "make deb")
    assert list(out.iterdir()) == []


def test_no_package(
    stock: Path, key: Path, out: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    refused(capsys, flags(stock, tmp_path / "mien.deb", key, out), 11, "mien.deb is no file", "make deb")
    (tmp_path / "mien.deb").write_text("half")
    refused(capsys, flags(stock, tmp_path / "mien.deb", key, out), 71, "is no whole Debian package")


def test_an_image_that_was_made_already(
    stock: Path, package: Path, key: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(flags(stock, package, key, out))
    made = out / "kiosk-01.img"
    refused(capsys, flags(made, package, key, out, "--number", "2"), 71, "begin with the stock image")
    refused(capsys, flags(made, package, key, out), 71, "is the stock image", "--out")


def test_a_card_is_no_place_for_it(
    stock: Path, package: Path, key: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    refused(capsys, flags(stock, package, key, out, "--out", "/dev/null"), 71, "/dev/null is no file")


def test_no_mtools(stock: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ImageError, match="mdir is not installed: apt install mtools"):
        BootPartition(stock, BOOT_OFFSET).names()
    with pytest.raises(ImageError, match="debugfs is not installed: apt install e2fsprogs"):
        read_system(stock, Partition(ROOT_OFFSET, 0))


def test_a_full_disk(stock: Path, package: Path, key: Path, out: Path) -> None:
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        pytest.skip("only root can mount a small disk")
    # The listing in the end shows whether anything was left.
    script = f'mount -t tmpfs -o size=256k none "{out}"; "$@"; code=$?; ls -A "{out}"; exit $code'
    make = [sys.executable, "-m", "image", *flags(stock, package, key, out)]
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", script, "sh", *make],
        capture_output=True,
        text=True,
        env=ENVIRONMENT,
        cwd=ROOT,
    )
    assert done.returncode == 40, done.stderr
    assert "free some space" in done.stderr
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""


def test_copies_have_the_same_bytes(tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(bytes(9_000_000) + b"end" + bytes(5_000_000))
    target.touch()
    heard: list[int] = []
    copy(source, target, heard.append)
    assert target.read_bytes() == source.read_bytes()
    assert heard[-1] == source.stat().st_size
    assert target.stat().st_blocks * 512 < 9_000_000
