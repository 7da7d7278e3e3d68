#!/usr/bin/env bash
# Makes the pages' style sheet of govuk-frontend and style.scss; needs npm and its registry.
# What it makes is kept in the repo (src/outrider/centre/pages/static), so nobody else needs them.
set -euo pipefail
cd "$(dirname "$0")"
static=../../src/outrider/centre/pages/static
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp package.json style.scss "$work"
(cd "$work" && npm install --ignore-scripts --no-audit --no-fund --silent)
version=$(sed -n 's/.*"govuk-frontend": "\(.*\)".*/\1/p' package.json)
{
    printf '/*! Made by image_build/pages_style/build.sh of govuk-frontend %s.\n' "$version"
    sed 's/^/ * /; s/ *$//' govuk-frontend.licence
    printf ' */\n'
    "$work/node_modules/.bin/sass" --no-source-map --style=compressed --no-charset \
        --load-path="$work/node_modules" "$work/style.scss"
} >"$static/style.css"
(cd "$static" && sha256sum style.css >style.css.sha256 && cat style.css.sha256)
