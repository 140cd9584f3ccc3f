"""What Home Assistant accepts as a device's introduction, from its documentation of MQTT discovery.

https://www.home-assistant.io/integrations/mqtt/#device-discovery-payload and the pages of the four platforms.
Only keys that are documented are accepted, which is stricter than Home Assistant: it overlooks others.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Template = Annotated[str, Field(pattern=r"\{[{%].*[}%]\}")]
PublishTopic = Annotated[str, Field(min_length=1, pattern=r"^[^+#]+$")]
SubscribeTopic = PublishTopic  # wildcards would be allowed, but states have one topic
UniqueId = Annotated[str, Field(min_length=1)]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Availability(Strict):
    topic: SubscribeTopic
    payload_available: str = "online"
    payload_not_available: str = "offline"
    value_template: Template | None = None


class Device(Strict):
    identifiers: list[str] = Field(min_length=1)
    name: str | None = None
    manufacturer: str | None = None
    model: str | None = None
    model_id: str | None = None
    hw_version: str | None = None
    sw_version: str | None = None
    serial_number: str | None = None
    configuration_url: str | None = None
    suggested_area: str | None = None
    via_device: str | None = None


class Origin(Strict):
    name: str
    sw_version: str | None = None
    support_url: str | None = None


class Entity(Strict):
    """What the four platforms share."""

    platform: str
    unique_id: UniqueId
    name: str | None
    default_entity_id: str = Field(pattern=r"^[a-z_]+\.[a-z0-9]+(_[a-z0-9]+)*$")
    availability: list[Availability] | None = None
    availability_mode: Literal["all", "any", "latest"] = "latest"
    icon: str | None = Field(None, pattern=r"^mdi:[a-z-]+$")
    json_attributes_topic: SubscribeTopic | None = None
    json_attributes_template: Template | None = None
    enabled_by_default: bool = True
    qos: Literal[0, 1, 2] = 0

    @model_validator(mode="after")
    def _is_of_its_domain(self) -> Self:
        assert self.default_entity_id.startswith(f"{self.platform}.")
        return self


class Sensor(Entity):
    platform: Literal["sensor"]
    state_topic: SubscribeTopic
    value_template: Template | None = None
    device_class: Literal["enum", "temperature"] | None = None
    state_class: Literal["measurement", "total", "total_increasing"] | None = None
    unit_of_measurement: str | None = None
    options: list[str] | None = Field(None, min_length=1)
    entity_category: Literal["diagnostic"] | None = None
    expire_after: int | None = None

    @model_validator(mode="after")
    def _has_options_where_it_is_an_enum(self) -> Self:
        assert (self.options is not None) == (self.device_class == "enum")
        if self.options is not None:
            assert self.state_class is None
            assert self.unit_of_measurement is None
        return self


class BinarySensor(Entity):
    platform: Literal["binary_sensor"]
    state_topic: SubscribeTopic
    value_template: Template | None = None
    device_class: Literal["connectivity", "problem"] | None = None
    payload_on: str = "ON"
    payload_off: str = "OFF"
    entity_category: Literal["diagnostic"] | None = None


class Switch(Entity):
    platform: Literal["switch"]
    command_topic: PublishTopic
    state_topic: SubscribeTopic | None = None
    value_template: Template | None = None
    payload_on: str = "ON"
    payload_off: str = "OFF"
    entity_category: Literal["config", "diagnostic"] | None = None


class Select(Entity):
    platform: Literal["select"]
    command_topic: PublishTopic
    options: list[str]
    state_topic: SubscribeTopic | None = None
    value_template: Template | None = None
    entity_category: Literal["config", "diagnostic"] | None = None


class DeviceDiscovery(Strict):
    """The message for `<discovery_prefix>/device/<object_id>/config`."""

    device: Device
    origin: Origin
    components: dict[
        str, Annotated[Sensor | BinarySensor | Switch | Select, Field(discriminator="platform")]
    ] = Field(min_length=1)
    availability: list[Availability] | None = None
    availability_mode: Literal["all", "any", "latest"] = "latest"
    state_topic: SubscribeTopic | None = None
    command_topic: PublishTopic | None = None
    qos: Literal[0, 1, 2] = 0
    encoding: str = "utf-8"
