# Sourced: builds, once, a qemu-user that counts instructions. Debian's has no plugins, and its 7.2
# crashes under ai-edge-litert 2.3; QEMU 10 of Debian 13 runs it. Needs: python, cache (a folder), debian_packages.sh.

QEMU_VERSION=10.0.13+ds
QEMU_SHA256=6a0888e806c2ffc0c5f0733e974f9aea55491950d3c47c98669c8b236dde59ae
QEMU_URL=http://deb.debian.org/debian/pool/main/q/qemu/qemu_$QEMU_VERSION.orig.tar.xz

# counting_qemu: leave $qemu and $plugin, both kept in the cache. About 10 min of two cores.
counting_qemu() {
    local work=$cache/qemu-$QEMU_VERSION
    qemu=$work/build/qemu-aarch64
    plugin=$work/build/tests/tcg/plugins/libinsn.so
    [ -x "$qemu" ] && [ -f "$plugin" ] && return
    debian_packages gcc libc6-dev libglib2.0-dev pkg-config ninja-build xz-utils
    mkdir -p "$work/src"
    if ! "$python" -c 'import sys, urllib.request; urllib.request.urlretrieve(*sys.argv[1:])' \
        "$QEMU_URL" "$work/qemu.tar.xz" 2>"$work/fetch.log"; then
        echo "$0: $QEMU_URL: $(tail -1 "$work/fetch.log"); Debian keeps the newest only: put its version and sum here" >&2
        exit 1
    fi
    echo "$QEMU_SHA256  $work/qemu.tar.xz" | sha256sum --check --quiet
    tar -xf "$work/qemu.tar.xz" -C "$work/src" --strip-components=1
    # What its build asks for of Python; it may fetch nothing itself.
    "$python" -m venv "$work/venv"
    "$work/venv/bin/pip" install --quiet --disable-pip-version-check meson==1.5.0 pycotap==1.3.1 distlib==0.4.4
    mkdir -p "$work/build"
    (
        cd "$work/build"
        PATH=$work/venv/bin:$PATH ../src/configure --python="$work/venv/bin/python" --enable-plugins --disable-install-blobs \
            --target-list=aarch64-linux-user --disable-system --disable-tools --disable-docs --disable-guest-agent
        PATH=$work/venv/bin:$PATH ninja qemu-aarch64 tests/tcg/plugins/libinsn.so
    ) >"$work/build.log" 2>&1 || { tail -20 "$work/build.log" >&2; exit 1; }
}
