"""From a stock Raspberry Pi OS image to one whose first boot installs mien; no root, no loop device."""
