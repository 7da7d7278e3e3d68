#!/usr/bin/env bash
# Captures through the real picamera2 and libcamera without a camera: see README.md.
#   run.sh check [SOURCE [FIRST [COUNT]]]      prove the adapter: capture, stall, unplug, plug in
#   run.sh run   SOURCE [RUN ARGUMENT...]      outrider run --source picamera2 on what is served
#   run.sh shell                               a shell in the camera root
# SOURCE: video:PATH, pictures:DIR or drive:DIR.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
repo=$(cd "$here/../.." && pwd)
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

install_python() {
    [[ -e $root/opt/camera/.done ]] && return
    echo "run.sh: installing picamera2 and Outrider's own needs" >&2
    enter python3 -m venv --system-site-packages /opt/camera
    enter /opt/camera/bin/pip install --quiet picamera2==0.3.38 -e /outrider >&2
    touch "$root/opt/camera/.done"
}

copy_product() {
    mkdir -p "$root/outrider" "$root/harness"
    cp -a "$repo/pyproject.toml" "$repo/README.md" "$root/outrider/" 2>/dev/null || true
    rm -rf "$root/outrider/src" "$root/outrider/models"
    cp -a "$repo/src" "$root/outrider/src"
    [[ -d $repo/models ]] && mkdir -p "$root/outrider/models" &&
        find "$repo/models" -maxdepth 1 -type f -exec cp -a {} "$root/outrider/models/" \;
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

# Puts the source where the root can see it, makes the pictures, and the camera that serves them.
serve() {
    local kind=${1%%:*} path=${1#*:}
    [[ -e $path ]] || fail "$path does not exist"
    rm -rf "$root/harness/frames" "$root/harness/source"
    mkdir -p "$root/harness/source"
    mount --bind --read-only "$(realpath "$(dirname "$path")")" "$root/harness/source"
    local inside=$kind:/harness/source/$(basename "$(realpath "$path")") made
    made=$(enter /opt/camera/bin/python /harness/make_frames.py "$inside" /harness/frames "${@:2}") ||
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

with_camera() {
    local streams=$1
    shift
    exec chroot "$root" env LD_PRELOAD=/harness/dma_heap_shim.so LIBCAMERA_LOG_LEVELS='*:ERROR' \
        HARNESS_STREAMS="$streams" HARNESS_FRAME_RATE_HZ="$rate_hz" \
        HARNESS_STALL_FILE=/harness/stall HARNESS_WIDTH_PX="$width_px" \
        HARNESS_HEIGHT_PX="$height_px" PYTHONPATH=/harness HOME=/root \
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
    serve "${1:-video:$repo/../shared/plates/video/gb_mercedes_aiguys_1280x720.mp4}" "${@:2}"
    with_camera 2 check_adapter
    ;;
run)
    source=${1:?"run.sh run SOURCE [RUN ARGUMENT...]"}
    serve "$source"
    with_camera 1 outrider.cli run --source picamera2 "${@:2}"
    ;;
shell) enter bash ;;
esac
