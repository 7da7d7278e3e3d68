#!/usr/bin/env bash
# Shows that the shipped models say the same on aarch64 (under qemu-user, no hardware) as on x86-64.
# Usage: bash image_build/checks/aarch64/check_models.sh [PATCHES]     (100 without; see README.md)
set -euo pipefail
cd "$(dirname "$0")/../../.."

patches=${1:-100}
[[ $patches =~ ^[1-9][0-9]*$ ]] || { echo "check_models.sh: '$patches' is no number of patches" >&2; exit 2; }
here=image_build/checks/aarch64
python=${OUTRIDER_VENV:-.venv}/bin/python
cache=${OUTRIDER_ARM64:-/var/tmp/outrider-arm64}
if ! "$python" -c 'import outrider, ai_edge_litert, tflite_runtime'; then
    echo "check_models.sh: $python must be a Python 3.11 with both runtimes: bash image_build/setup.sh test" >&2
    exit 1
fi

. "$here/debian_packages.sh"
. "$here/arm64_root.sh"
arm64_root qemu-user-static
arm64_wheels site "$here/requirements.txt"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
nice -n 5 "$python" "$here/make_inputs.py" "$patches" "$work/inputs.npz"
# Emulation is all of the time (a float reader takes seconds a patch): a process for each runtime.
running=()
for runtime in ai-edge-litert tflite-runtime; do
    nice -n 5 "$python" "$here/run_models.py" "$runtime" models "$work/inputs.npz" "$work/$runtime.x86_64.npz"
    PYTHONPATH="$cache/site" nice -n 5 qemu-aarch64-static -L "$cache/root" "$cache/root/usr/bin/python3.11" \
        "$here/run_models.py" "$runtime" models "$work/inputs.npz" "$work/$runtime.aarch64.npz" &
    running+=($!)
done
for one in "${running[@]}"; do wait "$one"; done
"$python" "$here/compare.py" "$work"
