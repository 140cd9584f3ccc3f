#!/bin/bash -e
# mien from files/, where its package lies and, if wanted, a config.toml. pi-gen sets ROOTFS_DIR and on_chroot.

shopt -s nullglob
packages=(files/mien_*.deb)
if [ ${#packages[@]} != 1 ]; then
    echo "00-mien/files holds ${#packages[@]} packages mien_*.deb: put one there (make deb)" >&2
    exit 1
fi

# Not in /tmp, over which pi-gen mounts something for as long as it is inside.
waiting=/var/lib/mien-package
install -D -m 644 "${packages[0]}" "${ROOTFS_DIR}${waiting}/mien.deb"
if [ -f files/config.toml ]; then
    install -D -m 644 files/config.toml "${ROOTFS_DIR}/etc/mien/config.d/40-image.toml"
fi
on_chroot << EOF
echo "mien mien/service boolean true" | debconf-set-selections
DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends ${waiting}/mien.deb
EOF
rm -r "${ROOTFS_DIR:?}${waiting}"
