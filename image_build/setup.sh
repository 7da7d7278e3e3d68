#!/usr/bin/env bash
# Sets up a Debian machine for `outrider demo` or for the tests: Debian packages (as root; otherwise
# it checks them and names what is missing), then a virtual environment in .venv at the repo's root.
# Usage: bash image_build/setup.sh demo|test
set -euo pipefail
cd "$(dirname "$0")/.."

tier=${1:-demo}
# The demo: real gpsd, the alarm unit's real firmware in its simulator, aplay for the second sounder.
packages=(python3-venv alsa-utils gpsd gcc libc6-dev make gcc-avr avr-libc libsimavr-dev libelf-dev)
case $tier in
demo) ;;
test) packages+=(avrdude espeak-ng shellcheck fuse3 libfuse3-3 postgresql) ;;
*) echo "setup.sh: '$tier' is no tier: demo or test" >&2; exit 2 ;;
esac

missing=()
for package in "${packages[@]}"; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
done
if ((${#missing[@]})); then
    if ((EUID)); then
        echo "setup.sh: these Debian packages are missing; ask root for: apt-get install ${missing[*]}" >&2
        exit 1
    fi
    apt-get update -q
    DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${missing[@]}"
fi

# Environments elsewhere: OUTRIDER_VENV. Pins are in constraints.txt, so that a build can be repeated.
venv=${OUTRIDER_VENV:-.venv}
[ -x "$venv/bin/python" ] || python3 -m venv "$venv"
extras=$([ "$tier" = test ] && echo '[test]' || echo '')
"$venv/bin/pip" install --quiet --disable-pip-version-check -c image_build/constraints.txt -e ".$extras"
