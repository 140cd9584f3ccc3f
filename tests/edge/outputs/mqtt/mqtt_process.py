"""What test_mqtt_faults runs as a process of its own, to be killed: an output that says one thing and stays.

python mqtt_process.py PORT PASSWORD_FILE
"""

from __future__ import annotations

import logging
import sys
import time
from pathlib import Path

from saying import came, camera, say

from edge.bus import Bus
from edge.control import Control
from edge.outputs.mqtt import Mqtt
from edge.settings import MqttConfig

logging.basicConfig(level=logging.DEBUG)
config = MqttConfig(
    host="127.0.0.1",
    port=int(sys.argv[1]),
    device="kiosk",
    username="mien",
    password_file=Path(sys.argv[2]),
)
bus = Bus()
Mqtt(config, bus, Control(), ["test"], tuple).start()
say(bus, camera("streaming"), came(1))
time.sleep(600)
