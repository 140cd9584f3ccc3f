#!/bin/sh
# What a device does once, at its first boot, as root and without a network: put secrets, configuration and package
# where they belong. It lies beside them on the boot partition; cloud-init runs it. After a fault it can be run again:
#   sudo sh /boot/firmware/mien/first-boot.sh
set -eu
cd "$(dirname "$0")"

# First, whatever comes after: here everybody on the device can read them.
if [ -d credentials ]; then
    install -d -m 700 /etc/credstore
    install -m 600 credentials/* /etc/credstore/
    rm -r credentials
fi
# Before the package, so that the service starts with it; and what `mien setup` writes, 50-setup.toml, comes after it.
if [ -f config.toml ]; then
    install -D -m 644 config.toml /etc/mien/config.d/40-image.toml
fi
echo "mien mien/service boolean true" | debconf-set-selections

export DEBIAN_FRONTEND=noninteractive
# Where the power went during an earlier try.
dpkg --configure -a
apt-get install --yes --no-install-recommends -o DPkg::Lock::Timeout=300 ./mien_*.deb

# The boot partition is small, and kernels want its room.
here=$PWD
cd /
rm -r "$here"
sync
