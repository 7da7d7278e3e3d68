# Sourced: what a check needs of this machine's own Debian packages.

# debian_packages PACKAGE...: install those that lack; only root can, anybody else is told.
debian_packages() {
    local package missing=()
    for package in "$@"; do
        dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
    done
    if ((${#missing[@]})); then
        if ((EUID)); then
            echo "$0: these Debian packages are missing; ask root for: apt-get install ${missing[*]}" >&2
            exit 1
        fi
        apt-get update -q
        DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${missing[@]}"
    fi
}
