#!/bin/sh
# The first journey: from a fresh clone to a read that is found at the centre.
#
#   bash image_build/setup.sh test && sh tests/journeys/first_journey.sh
#
# It does what a newcomer does, in the order in which he does it: he looks at the demo, lets the
# unit read a video, sets a centre up only then, enrols, docks, and asks the centre for what was
# read. With `enrol-first` the unit is enrolled before it reads. All files lie in one new folder.
# Run by tests/journeys/test_first_journey.py; every command that fails ends it.
set -eu

ORDER=${1:-read-first}
HERE=$(cd "$(dirname "$0")" && pwd)
DRIVE=$HERE/../replay/golden_drive      # a rendered road: invented vehicles only
OUTRIDER=${OUTRIDER:-$HERE/../../.venv/bin/outrider}
PYTHON=${PYTHON:-$HERE/../../.venv/bin/python}
WORK=${WORK:-$(mktemp -d)}
PORT=${PORT:-8443}
ENROL_PORT=${ENROL_PORT:-8444}
PROVIDER=${PROVIDER:-$HERE/../../.venv/bin/oidc-provider-mock}
PROVIDER_PORT=${PROVIDER_PORT:-9400}
SIGN_IN_PORT=${SIGN_IN_PORT:-8445}
MARK=JV19ZZH                            # the first vehicle of that road
SERVE=
PROVIDES=

say() { printf '\n== %s\n' "$*"; }
end() { for one in $SERVE $PROVIDES; do kill "$one"; done; }
trap end EXIT

cd "$WORK"
say "working in $WORK"

look_at_the_demo() {
    [ "${DEMO_S:-8}" != 0 ] || return 0
    say "the demo"
    "$OUTRIDER" demo --seconds "${DEMO_S:-8}"
}

read_a_video() {
    say "the unit reads a video, with a list of one vehicle"
    "$PYTHON" "$HERE/film.py" "$DRIVE" drive.mp4 track.nmea
    printf 'vrm,reason\n%s,stolen\n' "$MARK" > list.csv
    "$OUTRIDER" run -c unit.toml --source video:drive.mp4 --gps nmea:track.nmea \
        --hotlist list.csv --alarm none --json > run.jsonl
    grep -c '"event": "read"' run.jsonl
}

set_a_centre_up() {
    say "the centre is set up and serves"
    "$OUTRIDER" centre init centre --opening-keys opening --hotlists hotlists
    printf 'port = %s\nenrol_port = %s\n' "$PORT" "$ENROL_PORT" >> centre/centre.toml
    "$OUTRIDER" centre serve --dir centre 2> serve.log &
    SERVE=$!
    say "it signs a list of one vehicle: two of two keys, offline in earnest"
    for key in a b; do "$OUTRIDER" centre hotlist key "root-$key.pem"; done
    "$OUTRIDER" centre hotlist stage-root --repository hotlists \
        --root-key root-a.pem --root-key root-b.pem
    for key in a b; do
        "$OUTRIDER" centre hotlist sign-root --repository hotlists --root-key "root-$key.pem"
    done
    printf 'vrm,reason\n%s,stolen\n' "$MARK" > stolen.csv
    "$OUTRIDER" centre hotlist publish stolen.csv --list stolen --repository hotlists
    until grep -q '"serving"' serve.log; do kill -0 "$SERVE"; sleep 0.2; done
}

enrol() {
    say "the unit enrols"
    "$OUTRIDER" centre enrol-ticket unit-7 --dir centre -o unit-7.ticket
    "$OUTRIDER" enrol -c unit.toml --ticket unit-7.ticket
}

printf '[unit]\nstate_dir = "%s/unit"\nruntime_dir = "%s/run"\n' "$WORK" "$WORK" > unit.toml
look_at_the_demo
if [ "$ORDER" = enrol-first ]; then
    set_a_centre_up
    enrol
    read_a_video
else
    read_a_video
    set_a_centre_up
    enrol
fi

say "the unit docks"
"$OUTRIDER" sync -c unit.toml --unmetered

say "the list has come from the centre to the unit"
"$OUTRIDER" hotlist check "$MARK" -c unit.toml | tee checked.txt
grep -q "exact $MARK in stolen" checked.txt

say "the centre opens what came"
"$OUTRIDER" centre open --dir centre --keys opening
"$OUTRIDER" centre units --dir centre
"$OUTRIDER" centre status --dir centre

say "an officer signs in at the force's provider (a small one, for trials) and accepts the rules"
"$PROVIDER" --port "$PROVIDER_PORT" --user-claims '{"sub": "dc-1234", "outrider_force": "northshire",
    "outrider_roles": ["investigator"], "outrider_rank": "constable", "outrider_team": "cid-1"}' \
    2> provider.log &
PROVIDES=$!
printf 'trial\n' > secret; chmod 600 secret        # this provider takes any
printf '[people]\nissuer = "http://127.0.0.1:%s"\nclient_secret = "%s/secret"\nredirect = "%s"\n' \
    "$PROVIDER_PORT" "$WORK" "http://127.0.0.1:$SIGN_IN_PORT/v1/signed-in" >> centre/centre.toml
until "$PYTHON" "$HERE/browser.py" "http://127.0.0.1:$PROVIDER_PORT"; do
    kill -0 "$PROVIDES"; sleep 0.2
done
"$OUTRIDER" centre sign-in --dir centre --session session > sign-in.log &
SIGN_IN=$!
until grep -q '^open in a browser' sign-in.log; do kill -0 "$SIGN_IN"; sleep 0.2; done
"$PYTHON" "$HERE/browser.py" "$(sed -n 's/^open in a browser: //p' sign-in.log)" dc-1234
wait "$SIGN_IN"
"$OUTRIDER" centre accept --version 1 --dir centre --session session

asked() {
    "$OUTRIDER" centre "$@" --dir centre --session session --purpose serious --case CR/45/26 \
        --words "find out whose car it was"
}
say "he asks for $MARK"
asked search mark "$MARK" | tee found.txt
grep -q "$MARK" found.txt

say "and for its picture"
READ=$(awk -v mark="$MARK" '$3 == mark { print $NF; exit }' found.txt)
asked picture "$READ" --role patch -o patch.jpg --keys opening

say "what was done is in the audit trail, held against the checkpoint that the unit carries"
"$OUTRIDER" centre audit verify --dir centre --checkpoint unit/checkpoint.json
say "the journey is made"
