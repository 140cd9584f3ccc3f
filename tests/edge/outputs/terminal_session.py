"""What test_terminal runs in a terminal of its own: publishes two labels while logging, then stops."""

from __future__ import annotations

import logging
import os
import sys
import time

from observing import frame_of, observation_of

from edge.bus import Bus
from edge.outputs.terminal import TerminalView

bus = Bus()
view = TerminalView(bus, "test", page="http://127.0.0.1:8642/")
view.start()
logging.basicConfig(level=logging.INFO, format="%(message)s")
for number in range(60):
    bus.publish(observation_of(number, label="happy" if number < 30 else "sad"), frame_of(number))
    if number == 10:
        logging.info("logged in between")
        os.write(2, b"written by a C library\n")
    time.sleep(0.03)
if "--forget" in sys.argv:
    sys.exit(0)  # without close(): the terminal must be given back nevertheless
view.close()
view.close()
