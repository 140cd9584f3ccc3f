import json

import pytest
from model_files import filling
from shop import Shop

from edge import bundles
from edge.bundles import signing
from edge.errors import ConfigError, DownloadError, SignatureError
from edge.settings import UpdatesConfig
from edge.store.updates import MACHINE, Index, Offer, is_in_share, machine_id, newer, read_index

STABLE = UpdatesConfig(url="https://models.example/index.json")


def offer(version, name="slim_fine", **more):
    return {
        "name": name,
        "version": version,
        "url": f"{name}-{version}.mien",
        "size": 1000,
        "sha256": "0" * 64,
        "minimum_mien": "0.1.0",
        **more,
    }


def found(store, *offers, machine="this", mien="0.1.0", config=STABLE):
    index = Index.model_validate({"schema": "mien.models/1", "models": offers})
    return [one.full_name for one in newer(index, config, store, mien, machine)]


def test_the_newest_version_of_what_is_in_use_is_taken(store):
    offers = [offer("0.5.0"), offer("0.10.0"), offer("0.0.9"), offer("9", "slim"), offer("9", "another")]
    assert found(store, *offers) == ["slim_fine@0.10.0"]
    assert found(store, offer("0.1.0")) == []
    store.install(filling("1", "another"), use=True)
    assert found(store, *offers) == ["another@9"]
    assert found(store, *offers, offer("7", "facet")) == ["another@9", "facet@7"]


def test_what_is_not_for_this_device_is_left(store):
    assert found(store, offer("0.5.0", minimum_mien="0.2.0")) == []
    assert found(store, offer("0.5.0", minimum_mien="0.2.0"), mien="0.10.0") == ["slim_fine@0.5.0"]
    assert found(store, offer("0.5.0", channel="test")) == []
    config = UpdatesConfig(url=STABLE.url, channel="test")
    assert found(store, offer("0.5.0", channel="test"), config=config) == ["slim_fine@0.5.0"]
    assert found(store, offer("0.5.0", rollout=0)) == []


def test_what_was_bad_is_not_taken_again(store):
    pointer = store.install(filling("2", "slim_fine"), use=True).pointer
    store.roll_back(bad=pointer, reason="slow")
    assert found(store, offer("2"), offer("3")) == ["slim_fine@3"]
    assert found(store, offer("2")) == []
    for path in (store.root / "slim_fine").rglob("*"):  # also where its files are gone
        if path.is_file():
            path.unlink()
    assert found(store, offer("2")) == []
    assert found(store, offer("2.1")) == ["slim_fine@2.1"]


def test_a_share_of_the_devices_grows_with_its_number():
    devices = [f"device {number}" for number in range(2000)]

    def share(rollout, version="1"):
        chosen = Offer.model_validate(offer(version, rollout=rollout))
        return {device for device in devices if is_in_share(chosen, device)}

    assert share(0) == set()
    assert share(100) == set(devices)
    assert share(10) < share(50)
    assert 0.08 < len(share(10)) / len(devices) < 0.12
    assert share(10) != share(10, "2")


def test_what_tells_this_device_from_others(tmp_path):
    (tmp_path / "id").write_text("0123\n")
    assert machine_id(tmp_path / "id") == "0123"
    with pytest.raises(ConfigError, match="systemd-machine-id-setup"):
        machine_id(tmp_path / "none")


@pytest.fixture
def published(tmp_path, etc, make):
    """A shop with slim_fine 0.5.0 and a signed index."""
    file = make("0.5.0", name="slim_fine", source="slim_fine")
    offered = offer("0.5.0", size=file.stat().st_size, sha256=bundles.sha256(file))

    def publish(content):
        index = tmp_path / "index.json"
        index.write_text(content)
        signing.sign(index, tmp_path / "secret", None, "index")
        shop.files["/v1/index.json"] = index.read_bytes()
        shop.files["/v1/index.json.minisig"] = signing.signature_of(index).read_bytes()

    with Shop({"/v1/slim_fine-0.5.0.mien": file.read_bytes()}) as shop:
        shop.files["/v1/slim_fine-0.5.0.mien.minisig"] = signing.signature_of(file).read_bytes()
        publish(json.dumps({"schema": "mien.models/1", "models": [offered], "more": 1}))
        shop.publish = publish
        shop.config = UpdatesConfig(url=f"{shop.url}/v1/index.json")
        yield shop


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "no index of models"),
        ("[1]", "no index of models"),
        ("<html>", "no index of models"),
        ('{"schema": "mien.models/2", "models": []}', "schema"),
        (json.dumps({"schema": "mien.models/1", "models": [offer("1", sha256="../x")]}), "models.0.sha256"),
        (json.dumps({"schema": "mien.models/1", "models": [offer("1", size=1 << 40)]}), "models.0.size"),
        (json.dumps({"schema": "mien.models/1", "models": [offer("1", rollout=101)]}), "models.0.rollout"),
    ],
)
def test_what_is_no_index_is_told(published, store, content, message):
    published.publish(content)
    with pytest.raises(DownloadError, match=message) as caught:
        read_index(published.config, store, signing.trusted_keys())
    assert str(caught.value).endswith("check updates.url")
    assert "\n" not in str(caught.value)


def test_an_index_that_nobody_trusted_signed_is_not_believed(published, store):
    assert len(read_index(published.config, store, signing.trusted_keys()).models) == 1
    with pytest.raises(SignatureError, match="not trusted"):
        read_index(published.config, store, [])
    published.files["/v1/index.json"] = published.files["/v1/index.json"].replace(b"0.5.0", b"0.6.0")
    with pytest.raises(SignatureError, match="is not what"):
        read_index(published.config, store, signing.trusted_keys())
    del published.files["/v1/index.json.minisig"]
    with pytest.raises(DownloadError, match="404"):
        read_index(published.config, store, signing.trusted_keys())
    assert not list(store.root.glob(".downloads/*"))


def test_an_index_that_is_just_being_replaced_is_looked_at_again(published, store):
    """A new index beside the old signature, until its maker's second rename."""
    old = published.files["/v1/index.json.minisig"]
    published.publish(json.dumps({"schema": "mien.models/1", "models": []}))
    published.then["/v1/index.json.minisig"] = published.files["/v1/index.json.minisig"]
    published.files["/v1/index.json.minisig"] = old
    assert read_index(published.config, store, signing.trusted_keys()).models == []
    assert not list(store.root.glob(".downloads/*"))


@pytest.mark.skipif(not MACHINE.exists(), reason="this machine has no /etc/machine-id")
def test_an_update_from_the_first_look_to_the_last(published, mien, store):
    variables = {"MIEN_UPDATES_URL": published.config.url, "MIEN_UPDATES_ENABLED": "true"}

    def check(*flags):
        return mien("models", "check", *flags, environment=variables)

    assert check().stdout == "slim_fine@0.5.0 is there: mien models check --install\n"
    assert store.active("expression") is None
    done = check("--install", "--scheduled")
    assert done.stdout == "slim_fine@0.5.0 is installed and in use\n", done.stderr
    pointer = store.active("expression")
    assert pointer.startswith("slim_fine/0.5.0-")
    assert check("--install").stdout == "there is nothing newer for this device\n"
    store.roll_back(bad=pointer, reason="slow")
    assert check("--install").stdout == "there is nothing newer for this device\n"
    identity = MACHINE.read_text().strip()
    assert identity not in str(published.asked) + str(published.headers)


def test_a_file_that_is_not_the_index_ones_is_refused(published, mien, store):
    content = json.loads(published.files["/v1/index.json"])
    content["models"][0]["sha256"] = "1" * 64
    published.publish(json.dumps(content))
    done = mien("models", "check", "--install", environment={"MIEN_UPDATES_URL": published.config.url})
    assert done.returncode == DownloadError.exit_code
    assert "its sha256 differs" in done.stderr
    assert store.active("expression") is None
