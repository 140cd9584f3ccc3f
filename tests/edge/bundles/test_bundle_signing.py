import logging
import os
import shutil
import stat
import subprocess

import minisign
import pytest

from edge.bundles import keys as keyfiles
from edge.bundles import signing
from edge.bundles.keys import ETC_KEYS, LARGEST, key_folders
from edge.bundles.signing import create_keys, sign, signature_of, trusted_keys, verify
from edge.errors import ConfigError, FileUnreadableError, OutputError, SignatureError

COMMENT = "bundle:small\tversion:1.0.0"


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "small.mien"
    path.write_bytes(os.urandom(100_000))
    return path


@pytest.fixture
def keys(tmp_path):
    """A pair without password: the secret file, and what is trusted because of the public one."""
    create_keys(tmp_path / "maker.key", tmp_path / "keys.pub", None)
    (tmp_path / "trusted").mkdir()
    (tmp_path / "keys.pub").rename(tmp_path / "trusted/maker.pub")
    return tmp_path / "maker.key", trusted_keys([tmp_path / "trusted"])


@pytest.fixture(scope="session")
def program():
    found = shutil.which("minisign")
    if not found:
        pytest.skip("the program minisign is not installed: make test-deps")

    def call(*arguments, typed=""):
        command = [found, *map(str, arguments)]
        return subprocess.run(command, input=typed, capture_output=True, text=True, timeout=60, check=False)

    return call


def assert_refused(file, signature, keys, message):
    with pytest.raises(SignatureError, match=message) as caught:
        verify(file, signature, keys)
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 22


def test_what_was_signed_is_verified(file, keys):
    secret, trusted = keys
    signature = sign(file, secret, None, COMMENT)
    assert signature == signature_of(file) == file.with_name("small.mien.minisig")
    signer = verify(file, signature, trusted)
    assert signer.key_name == "maker"
    assert signer.key_id == trusted[0].key_id
    assert "file:small.mien\t" in signer.comment
    assert signer.comment.endswith(COMMENT)
    assert stat.S_IMODE(signature.stat().st_mode) == 0o644


def test_the_program_verifies_what_mien_signs(file, tmp_path, program):
    made = create_keys(tmp_path / "k", tmp_path / "k.pub", None)
    sign(file, tmp_path / "k", None, COMMENT)
    done = program("-V", "-m", file, "-p", tmp_path / "k.pub")
    assert done.returncode == 0, done.stderr
    assert COMMENT in done.stdout
    assert made.key_id in (tmp_path / "k.pub").read_text()
    with file.open("ab") as more:
        more.write(b"!")
    assert program("-V", "-m", file, "-p", tmp_path / "k.pub").returncode != 0


def test_mien_verifies_what_the_program_signs(file, tmp_path, program):
    made = program("-G", "-W", "-s", tmp_path / "k", "-p", tmp_path / "k.pub")
    assert made.returncode == 0, made.stderr
    for options in ((), ("-t", "a comment of one's own")):
        done = program("-S", "-W", "-s", tmp_path / "k", "-m", file, *options)
        assert done.returncode == 0, done.stderr
        signer = verify(file, signature_of(file), trusted_keys([tmp_path]))
        # The program writes it without leading zeros, as a number.
        named = (tmp_path / "k.pub").read_text().splitlines()[0].rpartition(" ")[2]
        assert int(signer.key_id, 16) == int(named, 16)
    assert signer.comment == "a comment of one's own"
    # And with a secret key that the program made, mien signs.
    sign(file, tmp_path / "k", None, COMMENT)
    assert program("-V", "-m", file, "-p", tmp_path / "k.pub").returncode == 0


def test_legacy_signatures_are_refused(file, tmp_path, program):
    program("-G", "-W", "-s", tmp_path / "k", "-p", tmp_path / "k.pub")
    assert program("-S", "-l", "-W", "-s", tmp_path / "k", "-m", file).returncode == 0
    assert_refused(file, signature_of(file), trusted_keys([tmp_path]), "legacy kind: sign again without -l")


def test_a_password_keeps_the_secret_key(file, tmp_path, program, caplog, monkeypatch):
    monkeypatch.setattr(keyfiles, "_MEMLIMIT", 1 << 24)  # a sixteenth of the memory, and of the time
    monkeypatch.setattr(keyfiles, "_OPSLIMIT", 1 << 19)
    secret, public = tmp_path / "k", tmp_path / "k.pub"
    create_keys(secret, public, "correct horse")
    with pytest.raises(ConfigError, match="encrypted: give its password"):
        sign(file, secret, None, COMMENT)
    with caplog.at_level(logging.DEBUG), pytest.raises(ConfigError, match="wrong password") as caught:
        sign(file, secret, "battery staple", COMMENT)
    assert "battery" not in str(caught.value) + caplog.text
    assert not signature_of(file).exists()
    sign(file, secret, "correct horse", COMMENT)
    assert verify(file, signature_of(file), trusted_keys([tmp_path])).key_name == "k"
    signature_of(file).unlink()
    done = program("-S", "-s", secret, "-m", file, typed="correct horse\n")
    assert done.returncode == 0, done.stderr
    assert verify(file, signature_of(file), trusted_keys([tmp_path])).key_name == "k"


def test_keys_are_for_their_owner_and_never_overwritten(tmp_path):
    secret, public = tmp_path / "k", tmp_path / "k.pub"
    before = os.umask(0)
    try:
        create_keys(secret, public, None)
    finally:
        os.umask(before)
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    assert stat.S_IMODE(public.stat().st_mode) == 0o644
    kept = secret.read_bytes(), public.read_bytes()
    for other in (secret, tmp_path / "new"):
        with pytest.raises(OutputError, match="already and is not overwritten"):
            create_keys(other, public, None)
    with pytest.raises(OutputError, match="cannot write"):
        create_keys(tmp_path / "no/k", tmp_path / "new.pub", None)
    assert (secret.read_bytes(), public.read_bytes()) == kept
    assert {path.name for path in tmp_path.iterdir()} == {"k", "k.pub"}


def test_flipped_bytes_of_a_signature_are_noticed(file, keys):
    secret, trusted = keys
    signature = sign(file, secret, None, COMMENT)
    good = signature.read_bytes()
    free = good.index(b"\n")  # the untrusted comment, which nobody signs
    for at in range(free + 1, len(good) - 1, 2):
        if good[at + 1] == ord("="):  # the last base64 digit, some bits of which count for nothing
            continue
        signature.write_bytes(good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :])
        with pytest.raises(SignatureError):
            verify(file, signature, trusted)
    signature.write_bytes(good)
    verify(file, signature, trusted)


def test_an_altered_file_and_the_signature_of_another(file, keys, tmp_path):
    secret, trusted = keys
    signature = sign(file, secret, None, COMMENT)
    other = tmp_path / "other.mien"
    other.write_bytes(b"something else")
    assert_refused(other, signature, trusted, "is not what .* signs, or one of them was altered")
    with file.open("r+b") as stream:
        stream.write(b"!")
    assert_refused(file, signature, trusted, "get file and signature again")


@pytest.mark.parametrize(
    "content", [b"", b"nothing\nof\nuse\nhere\n", b"\xff" * 100, b"\n" * 4, b"A" * (LARGEST + 10)]
)
def test_signatures_that_are_none(file, keys, content):
    signature_of(file).write_bytes(content)
    assert_refused(file, signature_of(file), keys[1], "no minisign signature")


def test_a_missing_signature(file, keys):
    assert_refused(file, signature_of(file), keys[1], "is not signed .*--allow-unsigned")
    with pytest.raises(FileUnreadableError):
        verify(file.with_name("nothing"), signature_of(file), keys[1])


def test_signatures_by_nobody_who_is_trusted(file, keys, tmp_path):
    signature = sign(file, keys[0], None, COMMENT)
    create_keys(tmp_path / "other.key", tmp_path / "other.pub", None)
    others = trusted_keys([tmp_path])
    assert [key.name for key in others] == ["other"]
    for trusted in ([], others):
        assert_refused(file, signature, trusted, f"{keys[1][0].key_id}, which is not trusted here: if")


def test_a_key_that_only_bears_a_trusted_ones_id(file, keys, tmp_path):
    """The id is no secret: whoever signs with another key under that name is found out."""
    signature = minisign.Signature.from_bytes(sign(file, keys[0], None, COMMENT).read_bytes())
    forger = minisign.KeyPair.generate()
    forged = forger.secret_key.sign(file.read_bytes(), trusted_comment=COMMENT)
    forged._key_id = signature._key_id
    signature_of(file).write_bytes(bytes(forged))
    assert_refused(file, signature_of(file), keys[1], "is not what")
    # The other way round, a second trusted key of that id is no hindrance.
    signature_of(file).write_bytes(bytes(signature))
    impostor = signing.TrustedKey("impostor", keys[1][0].key_id, forger.public_key)
    assert verify(file, signature_of(file), [impostor, *keys[1]]).key_name == "maker"


def test_a_folder_of_keys(keys, tmp_path, caplog):
    folder = tmp_path / "trusted"
    (folder / "broken.pub").write_text("no key\n")
    (folder / "notes.txt").write_text("no key\n")
    (folder / "gone.pub").symlink_to("nowhere")
    with caplog.at_level(logging.WARNING):
        found = trusted_keys([tmp_path / "nonesuch", folder])
    assert [key.name for key in found] == ["maker"]
    assert len(caplog.records) == 2
    assert "broken.pub is no minisign public key" in caplog.text


def test_where_keys_are_looked_for(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", "/home/ada")
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    assert [str(folder) for folder in key_folders()] == [str(ETC_KEYS), "/home/ada/.config/mien/keys"]
    monkeypatch.delenv("HOME")
    assert key_folders() == (ETC_KEYS,)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    (tmp_path / "mien/keys").mkdir(parents=True)
    create_keys(tmp_path / "k", tmp_path / "mien/keys/mine.pub", None)
    assert "mine" in [key.name for key in trusted_keys()]


def test_secret_keys_that_cannot_be_used(file, tmp_path):
    (tmp_path / "bad").write_text("untrusted comment: key\nc2VjcmV0\n")
    for name, message in (("nonesuch", "cannot be read"), ("bad", "no minisign secret key")):
        with pytest.raises(ConfigError, match=message) as caught:
            sign(file, tmp_path / name, None, COMMENT)
        assert "c2VjcmV0" not in str(caught.value)


def test_what_cannot_be_signed(file, keys, tmp_path):
    with pytest.raises(FileUnreadableError):
        sign(tmp_path / "nonesuch", keys[0], None, COMMENT)
    odd = file.rename(tmp_path / "klein\nund.mien")
    with pytest.raises(ConfigError, match="rename it"):
        sign(odd, keys[0], None, COMMENT)
