"""Events for an MQTT broker, and commands from it. docs/mqtt.md lists the topics.

bus → reporter → outbox → output → broker
             people ┘        └ commands → control
"""

from edge.outputs.mqtt.output import Mqtt

__all__ = ["Mqtt"]
