#!/bin/sh
# Install mien from this folder, without a network and without dpkg. See docs/install.md.
set -eu
cd "$(dirname "$0")"
# Nothing of the caller's Python gets in.
unset PYTHONPATH PYTHONHOME PYTHONSAFEPATH

PREFIX=/opt/mien
PYTHON=python3
SERVICE=auto
NEEDED=700 # MB while installing; what is there in the end takes about half
UNITS="mien.service mien-models.service mien-models.timer"

usage() {
    echo "usage: install.sh [--prefix DIR] [--python PROGRAM] [--no-service | --remove]"
    echo "  --prefix DIR      where mien is put: $PREFIX, as root; elsewhere without a service"
    echo "  --python PROGRAM  a Python 3.11, 3.12 or 3.13: $PYTHON"
    echo "  --no-service      leave systemd alone"
    echo "  --remove          take mien away; configuration, models and logs stay"
}

fail() {
    echo "install.sh: $2" >&2
    exit "$1"
}

REMOVE=no
while [ $# -gt 0 ]; do
    case "$1" in
    --prefix | --python)
        [ $# -gt 1 ] || fail 2 "$1 needs a value: see --help"
        if [ "$1" = --prefix ]; then PREFIX=$2; else PYTHON=$2; fi
        shift
        ;;
    --no-service) SERVICE=no ;;
    --remove) REMOVE=yes ;;
    --help)
        usage
        exit 0
        ;;
    *) fail 2 "$1 is no option: see --help" ;;
    esac
    shift
done
case "$PREFIX" in
/?*) ;;
*) fail 2 "--prefix $PREFIX is no absolute path: begin it with /" ;;
esac
PARENT=$(dirname "$PREFIX")
# The units name /opt/mien.
if [ "$PREFIX" != /opt/mien ] || [ ! -d /run/systemd/system ]; then SERVICE=no; fi

may_write() {
    [ -d "$PARENT" ] || fail 7 "$PARENT is no folder: make it, or give another --prefix"
    [ -w "$PARENT" ] || fail 7 "$PARENT cannot be written: run as root (sudo ./install.sh), or give another --prefix"
}

if [ "$REMOVE" = yes ]; then
    may_write
    [ -x "$PREFIX/bin/mien" ] || fail 7 "no mien in $PREFIX: give its --prefix"
    if [ "$SERVICE" != no ]; then
        systemctl disable --quiet --now mien.service mien-models.timer || true
        for unit in $UNITS; do rm -f "/etc/systemd/system/$unit"; done
        rm -f /etc/sysusers.d/mien.conf /etc/tmpfiles.d/mien.conf /etc/udev/rules.d/60-mien.rules
        systemctl daemon-reload
    fi
    rm -rf "$PREFIX"
    echo "mien is gone from $PREFIX; /etc/mien, /var/lib/mien and /var/log/mien stay"
    exit 0
fi

# First everything that can be known without writing.
may_write
machine=$(uname -m)
[ "$machine" = "$(cat MACHINE)" ] ||
    fail 3 "this archive is for $(cat MACHINE) and this machine is $machine: take the archive for it"
command -v "$PYTHON" >/dev/null || fail 4 "'$PYTHON' is not installed: give a Python 3.11, 3.12 or 3.13 with --python"
"$PYTHON" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' ||
    fail 4 "mien needs Python 3.11, 3.12 or 3.13 and '$PYTHON' is not one: give one with --python"
"$PYTHON" -c 'import ensurepip, venv' 2>/dev/null ||
    fail 4 "'$PYTHON' cannot make virtual environments: install its venv module (python3-venv)"
broken=$(sha256sum --check --quiet SHA256SUMS 2>/dev/null | sed -n '1s/: .*//p')
[ -z "$broken" ] || fail 5 "$broken is not as it was packed: copy the archive again"
free=$(df -Pm "$PARENT" | awk 'NR == 2 { print $4 }')
[ "$free" -ge "$NEEDED" ] || fail 6 "$PARENT has $free MB left and mien needs $NEEDED: free some space"

# Then beside what may be there; it takes its place once it works.
new=$PREFIX.new
trap 'rm -rf "$new"' EXIT
trap 'exit 130' INT TERM HUP
rm -rf "$new"
"$PYTHON" -m venv --system-site-packages "$new" >/dev/null || fail 8 "no virtual environment could be made in $new"
"$new/bin/python" -m pip --disable-pip-version-check --quiet install --ignore-installed --no-index --find-links wheels \
    --only-binary :all: --require-hashes --requirement requirements.txt 2>"$new/pip.log" ||
    fail 8 "pip could not install: $(sed -n 's/^ERROR: //p' "$new/pip.log" | tail -n 1)"
rm "$new/pip.log"
(cd "$new" && bin/python -P -m edge.cli doctor --config /dev/null >doctor.log 2>&1) ||
    fail 9 "mien does not work on this machine: $(grep -m 1 -e fail -e '^mien:' "$new/doctor.log" || tail -n 1 "$new/doctor.log")"
rm "$new/doctor.log"
# Its programs name the folder they were made in.
find "$new/bin" -type f -exec sed -i "1s|^#!$new/|#!$PREFIX/|" {} +

rm -rf "$PREFIX.old"
if [ -e "$PREFIX" ]; then mv "$PREFIX" "$PREFIX.old"; fi
mv "$new" "$PREFIX"
rm -rf "$PREFIX.old"

if [ "$SERVICE" != no ]; then
    for unit in $UNITS; do install -D -m 644 "systemd/$unit" "/etc/systemd/system/$unit"; done
    install -D -m 644 systemd/sysusers.d/mien.conf /etc/sysusers.d/mien.conf
    install -D -m 644 systemd/tmpfiles.d/mien.conf /etc/tmpfiles.d/mien.conf
    install -D -m 644 systemd/rules.d/60-mien.rules /etc/udev/rules.d/60-mien.rules
    systemd-sysusers mien.conf
    systemd-tmpfiles --create mien.conf
    udevadm control --reload 2>/dev/null || true
    systemctl daemon-reload
    systemctl try-restart mien.service
    echo "mien is in $PREFIX; its service is off until: systemctl enable --now mien"
else
    echo "mien is in $PREFIX; try: $PREFIX/bin/mien doctor"
fi
