"""What can be told to mien, section by section; docs/configuration.md is made from these models."""

from __future__ import annotations

import ipaddress
import re
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from edge.bundles import DEFAULT_DETECTOR, DEFAULT_MODEL, Task
from edge.turns import MOST

AUTO = "auto"
NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")
LEVEL = re.compile(r"[^/+#$\s\0]{1,64}")  # of an MQTT topic


class Section(BaseModel):
    """A section of the configuration; unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class CameraConfig(Section):
    """A camera. `[camera]` is the only one, unless there are `[cameras.NAME]` sections, each with the
    same keys."""

    source: str = Field(
        "demo",
        description="demo, picamera, a V4L2 camera's number or path, rtsp://…, http://… (MJPEG), a video, "
        "an image or a folder of images",
    )
    login_file: Path | None = Field(
        None,
        description="holds USER:PASSWORD for an address; by its name alone: one of systemd's credentials",
    )
    size: str | None = Field(None, description="WIDTHxHEIGHT to ask the camera for; unset: what it gives")
    fps: float | None = Field(None, gt=0, le=1000, description="frames a second to ask the camera for")
    stall_seconds: float = Field(
        5.0, ge=0.5, le=600, description="without a frame for so long, a live camera is opened again"
    )
    retry_seconds: float = Field(
        30.0, ge=0.5, le=3600, description="the longest wait between two tries to open a camera"
    )
    wait: bool | None = Field(
        None, description="start without a live camera that is missing; unset: as a service of systemd"
    )
    every_frame: bool | None = Field(
        None, description="skip none; unset: on for recordings that nobody watches"
    )
    loop: bool | None = Field(
        None, description="begin recordings again; unset: on for the demo while watched"
    )

    @field_validator("size")
    @classmethod
    def _is_size(cls, value: str | None) -> str | None:
        if value is not None and not re.fullmatch(r"[1-9]\d{1,4}x[1-9]\d{1,4}", value):
            raise ValueError("it is WIDTHxHEIGHT, such as 1280x720")
        return value

    @property
    def width_height(self) -> tuple[int, int] | None:
        """The size in pixels; None to take what the camera gives."""
        if self.size is None:
            return None
        width, height = self.size.split("x")
        return int(width), int(height)


class DetectorConfig(Section):
    """The face detector."""

    name: str = Field(
        DEFAULT_DETECTOR,
        description="facet: the store's active detector (`mien models use`), or else the one that ships; "
        "facet:FOLDER, hog, yunet:FILE.onnx or centerface:FILE.onnx",
    )
    longest_side: int = Field(320, ge=32, le=4096, description="of the picture it looks at, in pixels")
    threshold: float | None = Field(
        None, gt=0, lt=1, description="score of a face, at least; unset: the detector's own"
    )
    interval: int | str = Field(
        AUTO,
        description="frames from one look at the whole picture to the next; auto: as few as there is time "
        "for, and 1 for a recording without viewer",
    )
    threads: int = Field(0, ge=0, le=64, description="of OpenCV; 0: one less than there are cores")
    budget_ms: float = Field(
        100.0,
        gt=0,
        le=10_000,
        description="a new facet that takes longer for a whole picture, in milliseconds, is refused",
    )

    @field_validator("interval")
    @classmethod
    def _is_interval(cls, value: int | str) -> int | str:
        if value == AUTO:
            return value
        frames = int(value) if str(value).isdecimal() else 0
        if not 1 <= frames <= 1000:
            raise ValueError(f"it is a number of frames from 1 to 1000, or '{AUTO}'")
        return frames

    @property
    def is_bundle(self) -> bool:
        """Whether it is facet, of whichever folder."""
        return self.name.partition(":")[0] == DEFAULT_DETECTOR

    @property
    def folder(self) -> str | None:
        """The one of facet:FOLDER; None where the store decides, and for other detectors."""
        return (self.name.partition(":")[2] or None) if self.is_bundle else None


class ModelConfig(Section):
    """The expression model."""

    name: str | None = Field(
        None,
        description="a bundle's folder, or the name of an installed or shipped model; unset: the store's "
        f"active one (`mien models use`), or else {DEFAULT_MODEL}",
    )
    threads: int = Field(1, ge=1, le=64, description="of the model's runtime")
    mirror: bool = Field(
        True,
        description="read a face's mirror image too where the model asks for it: in the same frame, or in "
        "turns while the face is followed; off: a point or so less often right, half the time for a picture",
    )
    faces: int | None = Field(
        None,
        ge=0,
        le=1000,
        description="faces read in a frame at most, new ones aside; of more the followed ones take turns and "
        f"show their last answer meanwhile; 0: all; unset: {MOST}, and all of a recording without viewer",
    )
    store: Path | None = Field(
        None,
        description="where `mien models` keeps models, also MIEN_MODELS; unset: /var/lib/mien/models, or for "
        "a user's own mien ~/.local/share/mien/models",
    )
    budget_ms: float = Field(
        20.0, gt=0, le=10_000, description="a model that takes longer for a face, in milliseconds, is refused"
    )

    @field_validator("name")
    @classmethod
    def _is_name(cls, value: str | None) -> str | None:
        return value or None  # an empty one in a file says "unset" too


class SmoothingConfig(Section):
    """How calm the answers are."""

    time_constant: float = Field(0.4, ge=0, le=60, description="seconds, of expressions")
    mask_time_constant: float = Field(1.0, ge=0, le=60, description="seconds, of mask states")
    survive: float = Field(
        1.0, ge=0, le=60, description="seconds a face may be lost and still be the same one"
    )


class PeopleConfig(Section):
    """When somebody has come, gone, or changed expression."""

    appear_seconds: float = Field(0.5, ge=0, le=60, description="seen for so long, somebody has come")
    leave_seconds: float = Field(2.0, ge=0, le=600, description="unseen for so long, somebody has gone")
    hold_seconds: float = Field(0.6, ge=0, le=60, description="an expression that lasts so long has changed")
    margin: float = Field(
        0.1, ge=0, lt=1, description="by so much the new expression must be more probable than the old one"
    )


class OutputsConfig(Section):
    """Events as JSON lines, the page, the terminal."""

    jsonl: str | None = Field(None, description="append events to this file; - for standard output")
    jsonl_megabytes: float = Field(
        0, ge=0, le=1e6, description="the file is put aside at this size and begun again; 0: never"
    )
    jsonl_keep: int = Field(3, ge=1, le=1000, description="files put aside that are kept")
    jsonl_interval: float = Field(
        0, ge=0, le=3600, description="least seconds between two observations of a camera; 0: all"
    )
    socket: Path | None = Field(None, description="a Unix socket that tells events to whoever connects")
    http: bool = Field(True, description="serve the page, the API and the metrics")
    address: str = Field("127.0.0.1:8642", description="HOST:PORT; other than this machine with a token only")
    terminal: bool | None = Field(None, description="live view; unset: where there is a terminal")
    preview: bool | None = Field(None, description="show pictures on the page; unset: of the demo only")

    @field_validator("address")
    @classmethod
    def _is_address(cls, value: str) -> str:
        split_address(value)
        return value

    @property
    def host_port(self) -> tuple[str, int]:
        return split_address(self.address)


class HttpConfig(Section):
    """Who may use the web server, and how much. A file given by its name alone is looked for among systemd's
    credentials."""

    token_file: Path | None = Field(None, description="holds the token to read with")
    control_token_file: Path | None = Field(
        None, description="holds the token to pause and to switch models with"
    )
    tls_certificate: Path | None = Field(None, description="PEM; with tls_key, serves https")
    tls_key: Path | None = Field(None, description="PEM")
    hosts: tuple[str, ...] = Field((), description="names and addresses this machine is reached by")
    clients: int = Field(64, ge=1, le=4096, description="connections at once")
    interval: float = Field(
        0.02,
        ge=0,
        le=60,
        description="least seconds between two observations of a camera; 0: all, however fast it is",
    )

    @model_validator(mode="after")
    def _is_whole(self) -> HttpConfig:
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise ValueError("tls_certificate and tls_key come together")
        return self


class MqttConfig(Section):
    """Events for an MQTT broker; off without a host."""

    host: str | None = Field(None, description="the broker")
    port: int | None = Field(None, ge=1, le=65535, description="unset: 1883, with TLS 8883")
    username: str | None = Field(None, min_length=1, description="at the broker")
    password_file: Path | None = Field(
        None, description="holds the password; by its name alone: one of systemd's credentials"
    )
    tls: bool = Field(False, description="encrypt, and check the broker's certificate")
    ca_file: Path | None = Field(None, description="PEM of who signed it; unset: the system's authorities")
    topic: str = Field("mien", description="begins every topic; may have several levels: house/kitchen")
    device: str | None = Field(None, description="this device's name in topics; unset: the host's name")
    interval: float = Field(
        1.0, ge=0, le=3600, description="least seconds between two observations of a camera; 0: all"
    )
    observation_qos: int = Field(
        0, ge=0, le=1, description="of observations; 1: none is lost while the broker is there or soon back"
    )
    report_seconds: float = Field(
        30.0, ge=0, le=86_400, description="between two reports of how the device fares; 0: none"
    )
    discovery: bool = Field(True, description="introduce the device to Home Assistant")
    discovery_prefix: str = Field("homeassistant", description="Home Assistant's topic")
    commands: bool = Field(True, description="obey pause and model commands")

    @field_validator("host")
    @classmethod
    def _is_host(cls, value: str | None) -> str | None:
        if value is None:
            return None
        try:
            value.encode("idna")  # what looking up a name would fail with
        except UnicodeError as error:
            raise ValueError("it is no name of a machine") from error
        if not re.fullmatch(r"[\w.:%-]+", value):
            raise ValueError("it is a name or an address alone; the port has its own key")
        return value

    @field_validator("topic", "discovery_prefix")
    @classmethod
    def _is_topic(cls, value: str) -> str:
        if not all(map(LEVEL.fullmatch, value.split("/"))):
            raise ValueError("it is made of levels with / between: no + # $ or space, none empty")
        return value

    @field_validator("device")
    @classmethod
    def _is_level(cls, value: str | None) -> str | None:
        if value is not None and not LEVEL.fullmatch(value):
            raise ValueError("it is one level of a topic: no / + # $ or space")
        return value

    @model_validator(mode="after")
    def _is_whole(self) -> MqttConfig:
        if self.password_file is not None and self.username is None:
            raise ValueError("password_file comes with username")
        if self.ca_file is not None and not self.tls:
            raise ValueError("ca_file comes with tls = true")
        return self

    @property
    def effective_port(self) -> int:
        return self.port or (8883 if self.tls else 1883)


class HealthConfig(Section):
    """The machine's condition, and what is done about it."""

    adapt: bool = Field(True, description="use less where this machine cannot keep up")
    hot: float = Field(80.0, ge=30, le=120, description="degrees Celsius that count as hot")
    low_memory: float = Field(50.0, ge=0, description="MB left that count as low")
    low_disk: float = Field(100.0, ge=0, description="MB left that count as low")


class UpdatesConfig(Section):
    """Newer models from an index (`mien models check`); nothing is fetched unless it is enabled."""

    enabled: bool = Field(False, description="let the timer fetch, install and use what is newer")
    url: str | None = Field(None, description="of the index: https://…/index.json or file:///…")
    channel: str = Field(
        "stable", min_length=1, description="which of the index's models are for this device"
    )


class Settings(Section):
    """The effective configuration."""

    camera: CameraConfig = CameraConfig()
    cameras: dict[str, CameraConfig] = {}
    detector: DetectorConfig = DetectorConfig()
    model: ModelConfig = ModelConfig()
    smoothing: SmoothingConfig = SmoothingConfig()
    people: PeopleConfig = PeopleConfig()
    outputs: OutputsConfig = OutputsConfig()
    http: HttpConfig = HttpConfig()
    mqtt: MqttConfig = MqttConfig()
    health: HealthConfig = HealthConfig()
    updates: UpdatesConfig = UpdatesConfig()

    @property
    def budgets(self) -> dict[Task, float]:
        """Seconds that a new model may take, by its task."""
        return {"expression": self.model.budget_ms / 1000, "detection": self.detector.budget_ms / 1000}

    @field_validator("cameras")
    @classmethod
    def _are_names(cls, value: dict[str, CameraConfig]) -> dict[str, CameraConfig]:
        for name in value:
            if not NAME.fullmatch(name):
                raise ValueError(f"'{name}' is no camera's name: up to 32 of a-z 0-9 _ -")
        return value

    @model_validator(mode="after")
    def _is_guarded(self) -> Settings:
        if self.outputs.http and self.http.token_file is None and not is_loopback(self.outputs.host_port[0]):
            raise ValueError(
                f"outputs.address {self.outputs.address} can be reached from other machines: "
                "set http.token_file, or use 127.0.0.1"
            )
        return self


def split_address(address: str) -> tuple[str, int]:
    """Host and port of "HOST:PORT".

    >>> split_address("[::1]:80")
    ('::1', 80)
    """
    host, _, port = address.rpartition(":")
    host = host.strip("[]")
    if not host or not port.isdecimal() or int(port) > 65535:
        raise ValueError(f"'{address}' is not HOST:PORT, such as 127.0.0.1:8642")
    return host, int(port)


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach a server there.

    >>> is_loopback("localhost"), is_loopback("127.0.0.2"), is_loopback("0.0.0.0")
    (True, True, False)
    """
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
