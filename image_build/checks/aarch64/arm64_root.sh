# Sourced: makes, once, the arm64 root and a folder of aarch64 wheels. Kept; delete to begin afresh.
# Needs: python (3.11), cache (a folder), debian_packages.sh.

# arm64_root PACKAGE...: install Debian packages of this machine that lack, then make $cache/root.
arm64_root() {
    debian_packages mmdebstrap "$@"
    # Made under another name first, so that a broken download is not taken for a whole one.
    mkdir -p "$cache"
    if [ ! -d "$cache/root" ]; then
        rm -rf "$cache/root.part"
        mmdebstrap --quiet --arch=arm64 --variant=extract --include=python3,libstdc++6 bookworm "$cache/root.part"
        mv "$cache/root.part" "$cache/root"
    fi
}

# arm64_wheels NAME REQUIREMENTS [CONSTRAINTS]: put wheels of a list into $cache/NAME.
arm64_wheels() {
    local site=$cache/$1 wanted pin=()
    [ -z "${3:-}" ] || pin=(-c "$3")
    wanted=$(cat "${@:2}")
    if [ "$(cat "$site/wanted.txt" 2>/dev/null)" != "$wanted" ]; then
        rm -rf "$site" "$site.part"
        "$python" -m pip install --quiet --disable-pip-version-check --target "$site.part" \
            --platform manylinux2014_aarch64 --platform manylinux_2_17_aarch64 \
            --platform manylinux_2_27_aarch64 --platform manylinux_2_28_aarch64 --platform manylinux_2_34_aarch64 \
            --python-version 3.11 --only-binary=:all: --no-deps -r "$2" "${pin[@]}"
        printf '%s\n' "$wanted" >"$site.part/wanted.txt"
        mv "$site.part" "$site"
    fi
}
