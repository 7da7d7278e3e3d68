#!/usr/bin/env bash
# Captures through the real picamera2 and libcamera without a camera: see README.md.
#   run.sh check [SOURCE]                   prove the adapter: capture, stall, unplug, plug in
#   run.sh run   [SOURCE [RUN ARGUMENT...]] outrider run --source picamera2 on what is served
#   run.sh shell                            a shell in the camera root
# SOURCE: render:SEED (render:1), video:PATH, pictures:DIR or drive:DIR.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
repo=$(cd "$here/../../.." && pwd)
root=${OUTRIDER_CAMERA_ROOT:-/var/tmp/outrider-camera-root}
rate_hz=${HARNESS_FRAME_RATE_HZ:-100} # the virtual camera serves each picture four times

fail() { echo "run.sh: $*" >&2; exit 1; }

[[ $(id -u) == 0 ]] || fail "must run as root: it makes a Debian root and enters it (chroot)"
command -v mmdebstrap >/dev/null || fail "mmdebstrap is missing: apt-get install mmdebstrap"

if [[ ${OUTRIDER_IN_NAMESPACE:-} != 1 ]]; then
    # A mount namespace of its own: whatever is mounted below is gone when this ends, however it ends.
    exec env OUTRIDER_IN_NAMESPACE=1 unshare --mount "$0" "$@"
fi

build_root() {
    local packages=python3,python3-venv,python3-libcamera,libcamera-ipa,python3-numpy
    packages+=,python3-prctl,python3-av,python3-piexif,python3-jsonschema,python3-libarchive-c
    packages+=,python3-tqdm,python3-pil,gcc,libc6-dev,python3-dev,ca-certificates
    echo "run.sh: building a Debian 13 root in $root (about a minute)" >&2
    rm -rf --one-file-system "$root"
    mmdebstrap --quiet --mode=root --variant=apt --include="$packages" trixie "$root" >&2
}

enter() { chroot "$root" "$@"; }

mount_host() {
    mount --bind /proc "$root/proc"
    mount --bind /dev "$root/dev"
    mount --bind /sys "$root/sys"
    cp --dereference /etc/resolv.conf "$root/etc/resolv.conf"
    # The host's registries may be signed by an authority of its own.
    cp --dereference /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/ca-certificates.crt"
}

# Once for each state of pyproject.toml, so that what the product needs is what it has.
install_python() {
    local wanted
    wanted=$(sha256sum <"$repo/pyproject.toml")
    [[ $(cat "$root/opt/camera/.installed" 2>/dev/null) == "$wanted" ]] && return
    echo "run.sh: installing picamera2 and what Outrider needs" >&2
    enter python3 -m venv --system-site-packages /opt/camera
    enter /opt/camera/bin/pip install --quiet picamera2==0.3.38 -e /outrider >&2
    echo "$wanted" >"$root/opt/camera/.installed"
}

copy_product() {
    mkdir -p "$root/outrider" "$root/harness"
    local part
    for part in pyproject.toml README.md src models firmware; do
        rm -rf "${root:?}/outrider/$part"
        if [[ -e $repo/$part ]]; then cp -a "$repo/$part" "$root/outrider/$part"; fi
    done
    cp "$here"/*.py "$here"/dma_heap_shim.c "$root/harness/"
    enter gcc -Wall -Wextra -O2 -shared -fPIC -o /harness/dma_heap_shim.so \
        /harness/dma_heap_shim.c -ldl
}

list_spare_camera() {
    cat <<YAML
"ZSpare":
  supported_formats:
  - {width: 640, height: 360, frame_rates: [30]}
  test_pattern: "bars"
  location: "CameraLocationExternal"
  model: "imx296"
YAML
}

# Makes the pictures, with their files where the root can see them, and the camera for them.
serve() {
    local kind=${1%%:*} path=${1#*:} inside=$1 made
    rm -rf "$root/harness/frames"
    if [[ $kind != render ]]; then
        [[ -e $path ]] || fail "$path does not exist"
        path=$(realpath "$path")
        mkdir -p "$root/harness/source"
        mount --bind --read-only "$(dirname "$path")" "$root/harness/source"
        inside=$kind:/harness/source/$(basename "$path")
    fi
    made=$(enter env HARNESS_FIRST="${HARNESS_FIRST:-0}" HARNESS_COUNT="${HARNESS_COUNT:-200}" \
        HARNESS_PAUSE_PICTURES="${HARNESS_PAUSE_PICTURES:-0}" \
        /opt/camera/bin/python /harness/make_frames.py "$inside" /harness/frames) ||
        fail "no pictures could be made of $1"
    read -r width_px height_px count <<<"$made"
    echo "run.sh: serving $count pictures of ${width_px}x$height_px at $rate_hz Hz" >&2
    mkdir -p "$root/usr/share/libcamera/pipeline/virtual"
    local cameras=$root/usr/share/libcamera/pipeline/virtual/virtual.yaml
    printf '%%YAML 1.1\n---\n' >"$cameras"
    [[ $what == check ]] && list_spare_camera >>"$cameras"
    cat >>"$cameras" <<YAML
"Virtual0":
  supported_formats:
  - {width: $width_px, height: $height_px, frame_rates: [30]}
  - {width: 640, height: 360, frame_rates: [30]}
  frames: {path: "/harness/frames/"}
  location: "CameraLocationExternal"
  model: "imx296"
YAML
}

# A bench: reads are kept in clear, in the root, and only until the next run.
write_settings() {
    rm -rf "$root/harness/state"
    cat >"$root/harness/outrider.toml" <<TOML
[unit]
id = "camera-harness"
state_dir = "/harness/state"
[camera]
width_px = $width_px
height_px = $height_px
[journal]
sealing = "none"
TOML
    if [[ -n ${HARNESS_HOTLIST:-} ]]; then
        cp "$HARNESS_HOTLIST" "$root/harness/hotlist.csv"
        printf '[hotlist]\npath = "/harness/hotlist.csv"\n' >>"$root/harness/outrider.toml"
    fi
}

with_camera() {
    local streams=$1
    shift
    exec chroot "$root" env LD_PRELOAD=/harness/dma_heap_shim.so LIBCAMERA_LOG_LEVELS='*:ERROR' \
        HARNESS_STREAMS="$streams" HARNESS_FRAME_RATE_HZ="$rate_hz" \
        HARNESS_STALL_FILE=/harness/stall HARNESS_WIDTH_PX="$width_px" \
        HARNESS_HEIGHT_PX="$height_px" PYTHONPATH=/harness HOME=/root \
        timeout --preserve-status --signal=TERM --kill-after=10 "${HARNESS_RUN_S:-0}" \
        /opt/camera/bin/python /harness/virtual_camera.py "$@"
}

what=${1:-}
[[ $what == check || $what == run || $what == shell ]] || fail "usage: run.sh check|run|shell [...]"
shift
[[ -e $root/usr/bin/gcc ]] || build_root
mount_host
copy_product
install_python
rm -f "$root/harness/stall"
case $what in
check)
    serve "${1:-render:1}"
    with_camera 2 check_adapter
    ;;
run)
    serve "${1:-render:1}"
    write_settings
    with_camera 1 outrider.cli run --config /harness/outrider.toml --source picamera2 "${@:2}"
    ;;
shell) enter bash ;;
esac
