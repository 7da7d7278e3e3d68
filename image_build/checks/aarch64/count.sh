#!/usr/bin/env bash
# Counts the instructions of the recogniser's stages on a Pi 4's and a Pi 5's processor, under
# qemu-user with a counting plugin; exits 1 where a stage grew by more than 3 %.
# Usage: bash image_build/checks/aarch64/count.sh [--write]     (--write: keep these counts)
set -euo pipefail
cd "$(dirname "$0")/../../.."

here=image_build/checks/aarch64
python=${OUTRIDER_VENV:-.venv}/bin/python
cache=${OUTRIDER_ARM64:-/var/tmp/outrider-arm64}
write=()
[ "${1:-}" = "" ] || { [ "$1" = --write ] && write=(--write); } || { echo "usage: count.sh [--write]" >&2; exit 2; }
if ! "$python" -c 'import outrider'; then
    echo "count.sh: $python must be a Python 3.11 with outrider: bash image_build/setup.sh test" >&2
    exit 1
fi
. "$here/debian_packages.sh"
. "$here/arm64_root.sh"
. "$here/qemu.sh"
arm64_root
counting_qemu
arm64_wheels counted "$here/requirements-count.txt" image_build/constraints.txt
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$python" "$here/make_inputs.py" --frames "$work/inputs.npz"
"$python" "$here/count_instructions.py" "$qemu" "$plugin" "$cache/root" "$cache/counted" "$work/inputs.npz" "${write[@]}"
