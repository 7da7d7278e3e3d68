#!/usr/bin/env bash
# Sets up a Debian machine: Debian packages (as root; otherwise it checks them and names what is
# missing), then a virtual environment in .venv at the repo's root.
# Usage: bash image_build/setup.sh [demo|test]
#   demo  every command of the READMEs: the demo, a unit, a centre, the benchmarks (the default)
#   test  that, and what the tests need besides
# OUTRIDER_LOCKED=1: install by hash only (constraints.lock, which is the test tier's).
set -euo pipefail
cd "$(dirname "$0")/.."

tier=${1:-demo}
# The demo: real gpsd, the alarm unit's real firmware in its simulator, aplay and a voice beside it.
packages=(python3-venv alsa-utils espeak-ng gpsd gcc libc6-dev make gcc-avr avr-libc libsimavr-dev
    libelf-dev)
case $tier in
demo) extras='demo' ;;
test)
    extras='test'
    packages+=(avrdude shellcheck fuse3 libfuse3-3 postgresql chromium)
    ;;
*) echo "setup.sh: '$tier' is no tier: demo or test" >&2; exit 2 ;;
esac

missing=()
for package in "${packages[@]}"; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
done

# Debian's gpsd starts to listen on port 2947 as soon as it is installed. That is not for a demo to
# decide: it starts a gpsd of its own. Masked while it is installed, then off until somebody asks.
install_with_gpsd_off() {
    command -v systemctl >/dev/null || { install_missing; return; }
    systemctl --quiet mask gpsd.socket gpsd.service 2>/dev/null
    local done=0
    install_missing || done=$?
    systemctl --quiet unmask gpsd.socket gpsd.service
    systemctl --quiet disable gpsd.socket gpsd.service 2>/dev/null || true
    echo "setup.sh: gpsd is installed and left off; for a receiver of your own:" \
        "systemctl enable --now gpsd.socket"
    return "$done"
}

install_missing() {
    apt-get update -q
    DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${missing[@]}"
}

if ((${#missing[@]})); then
    if ((EUID)); then
        echo "setup.sh: these Debian packages are missing; ask root for: apt-get install ${missing[*]}" >&2
        exit 1
    fi
    if [[ " ${missing[*]} " == *" gpsd "* ]]; then install_with_gpsd_off; else install_missing; fi
fi

# Environments elsewhere: OUTRIDER_VENV. Pins are in constraints.txt, so that a build can be repeated.
venv=${OUTRIDER_VENV:-.venv}
[ -x "$venv/bin/python" ] || python3 -m venv "$venv"
echo "setup.sh: installing into $venv; that takes some minutes and says nothing meanwhile"
pip=("$venv/bin/pip" install --quiet --disable-pip-version-check)
if [ "${OUTRIDER_LOCKED:-}" = 1 ]; then
    # Nothing but what constraints.lock names, by hash, the builders of source packages included.
    build=$(mktemp)
    trap 'rm -f "$build"' EXIT
    awk '/^[a-z]/ { keep = /^setuptools==/ } keep' image_build/constraints.lock >"$build"
    "${pip[@]}" --require-hashes --no-deps -r "$build"
    "${pip[@]}" --require-hashes --no-deps --no-build-isolation -r image_build/constraints.lock
    "${pip[@]}" --no-deps --no-build-isolation -e .
else
    "${pip[@]}" -c image_build/constraints.txt -e ".[$extras]"
fi
