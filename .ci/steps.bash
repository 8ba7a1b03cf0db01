# What .ci/run and .ci/full share; to be sourced. A step prints its heading and its seconds, and the first that fails
# ends the script. Within a step bash's -e is off: commands that may fail there end in `|| return`.
# shellcheck shell=bash
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# Each build of the documents would tell of their theme's successor.
export CI=1 LMCSPEC_STRICT_SKIPS=1 NO_MKDOCS_2_WARNING=1
# Compiled modules make starting up twice as fast, and start-up has a budget.
unset PYTHONDONTWRITEBYTECODE
if [ -d ../shared/data ]; then
    LMCSPEC_TEST_DATA="${LMCSPEC_TEST_DATA:-$(cd ../shared/data && pwd)}"
    export LMCSPEC_TEST_DATA
fi

step() { # step HEADING COMMAND…
    local heading="$1" began=$SECONDS status=0
    shift
    printf '\n=== %s\n' "$heading"
    "$@" || status=$?
    if [ "$status" -ne 0 ]; then
        printf '=== %s: FAILED with %d after %d s\n' "$heading" "$status" $((SECONDS - began))
        exit "$status"
    fi
    printf '=== %s: %d s\n' "$heading" $((SECONDS - began))
}

whatever_there_is() { # whatever_there_is MARKERS OPTION…: pytest on what they select; nothing at all is fine
    local status=0
    uv run --no-sync pytest -m "$1" "${@:2}" || status=$?
    [ "$status" -ne 5 ] || status=0
    return "$status"
}

have_uv() {
    export PATH="$PATH:$HOME/.local/bin"
    command -v uv >/dev/null || python3 -m pip install --quiet uv || return
    uv --version
}
