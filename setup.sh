#!/bin/sh
# Sets up RDF from a clone, with Python 3.11 or newer and nothing else.
#
#   sh setup.sh                                  everything, benchmarks and development included
#   sh setup.sh developer|contributor|server     what that role needs
#   sh setup.sh demo [federated]                 the main job on real data, start to finish
#   sh setup.sh test [--long]                    checks and tests; --long adds chaos, sweeps and loads
#
# Everything goes into .venv beside this file; running it again does only what is missing.
set -eu
cd "$(dirname "$0")"

say() { printf '%s\n' "$*" >&2; }

usage() {
    sed -n '4,7s/^# *//p' "$0"
    exit "$1"
}

find_python() {
    for name in python3 python3.14 python3.13 python3.12 python3.11 python; do
        if command -v "$name" >/dev/null 2>&1 &&
            "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$name"
            return
        fi
    done
    say "setup.sh: RDF needs Python 3.11 or newer, and none is on the PATH. Install one from python.org"
    say "          or with your system's packages, then run this again."
    exit 1
}

# install EXTRAS: make .venv hold the project with these extras; quick if it does already.
install() {
    stamp=".venv/installed-$(printf '%s' "$1" | tr ',' '-')"
    if [ -f "$stamp" ] && [ "$stamp" -nt pyproject.toml ] && [ -x .venv/bin/python ]; then
        return
    fi
    if [ ! -x .venv/bin/python ]; then
        python=$(find_python)
        say "making .venv with $("$python" --version)"
        "$python" -m venv .venv || {
            say "setup.sh: $python cannot make a virtual environment; on Debian and Ubuntu install python3-venv."
            rm -rf .venv
            exit 1
        }
    fi
    say "installing what RDF needs ($1); this takes a minute the first time"
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --editable ".[$1]" || {
        say "setup.sh: the packages could not be installed; the reason stands above. Is there a network?"
        exit 1
    }
    touch "$stamp"
}

# browser: what browsers run. Without it the server runs all the same, and browsers cannot take part.
browser() {
    .venv/bin/python ravjs/bring.py && return
    say "setup.sh: browsers cannot take part for now; all else works. Running this again tries again."
    [ "${CI:-}" != true ] || exit 1
}

# check_scripts: look over what browsers run. What does it comes by npm; its rules are beside it.
check_scripts() {
    biome=tests/js/lint/node_modules/.bin/biome
    if [ ! "${biome%/.bin/*}/.package-lock.json" -nt tests/js/lint/package-lock.json ]; then
        npm ci --prefix tests/js/lint --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null || {
            say "setup.sh: the browser's scripts are not looked over; that needs npm and a network."
            [ "${CI:-}" != true ] || exit 1
            return
        }
    fi
    "$biome" lint --config-path=tests/js/lint/rules.json --error-on-warnings
}

run_tests() {
    .venv/bin/python -m ruff check .
    .venv/bin/python -m ruff format --check .
    .venv/bin/python -m mypy
    check_scripts
    if [ "${1:-}" = "--long" ]; then
        .venv/bin/python -m pytest
    else
        .venv/bin/python -m pytest -m "not long"
    fi
}

case "${1:-all}" in
    all)
        install developer,contributor,server,postgresql,examples,bench,dev
        browser
        say "ready. In three terminals:"
        say "  .venv/bin/python run_ravsock.py"
        say "  .venv/bin/ravpy participate"
        say "  .venv/bin/python examples/quickstart/quickstart.py"
        ;;
    developer | contributor | server)
        install "$1"
        [ "$1" != server ] || browser
        say "ready: the $1's packages are in .venv"
        ;;
    demo)
        name=linear_regression
        [ "${2:-}" != federated ] || name=federated
        [ "${2:-$name}" = "$name" ] || usage 2
        install developer,contributor,server,examples
        exec .venv/bin/python "examples/$name/demo.py"
        ;;
    test)
        [ "${2:---long}" = "--long" ] || usage 2
        install developer,contributor,server,postgresql,examples,dev
        browser
        run_tests "${2:-}"
        ;;
    -h | --help | help) usage 0 ;;
    *)
        say "setup.sh: unknown word '$1'"
        usage 2 >&2
        ;;
esac
