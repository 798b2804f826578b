#!/bin/sh
# Usage: scripts/setup.sh REQUIREMENTS.txt
# Makes .venv with a Python that fits and installs the packages into it. Safe to run again:
# what is there is kept. Written for any POSIX shell, on Linux and macOS.
set -eu
cd "$(dirname "$0")/.."
requirements=$1
python=.venv/bin/python
needed_gb=9

fail() {
    printf 'Set-up stopped: %s\n' "$1" >&2
    exit 1
}

fits() { # is "$1" a Python that every package has wheels for?
    "$1" -c 'import sys; sys.exit(sys.version_info[:2] not in ((3, 11), (3, 12)))' 2>/dev/null
}

fitting_python() {
    for candidate in python3.11 python3.12 python3 python; do
        # "import ensurepip" fails where Debian's python3-venv is missing
        if fits "$candidate" && "$candidate" -c 'import ensurepip' 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
}

find_uv() { # uv from PATH, else from the environment, else from the bootstrap made below
    for candidate in uv .venv/bin/uv .venv/bootstrap/bin/uv; do
        if "$candidate" --version >/dev/null 2>&1; then
            echo "$candidate"
            return
        fi
    done
}

check_disk() {
    free_gb=$(($(df -Pk . | awk 'NR == 2 { print $4 }') / 1048576))
    [ "$free_gb" -ge "$needed_gb" ] ||
        fail "the packages need about $needed_gb GB of disk space and $free_gb GB are free here; make room and try again."
}

make_environment() {
    own=$(fitting_python)
    if [ -n "$own" ]; then
        echo "Using $("$own" --version) for .venv."
        "$own" -m venv .venv || fail "$own cannot make a virtual environment; see the message above."
        return
    fi
    echo "This machine has no Python 3.11 or 3.12 with venv; getting one with uv."
    if [ -z "$(find_uv)" ]; then
        python3 -m venv .venv/bootstrap 2>/dev/null && .venv/bootstrap/bin/pip install -q uv ||
            fail "neither Python 3.11 or 3.12 (with venv) nor uv is here. Install one of them: Debian and Ubuntu: apt-get install python3.11 python3.11-venv; macOS: brew install python@3.11; or uv."
    fi
    "$(find_uv)" venv --quiet --allow-existing --python 3.11 .venv ||
        fail "uv could not fetch Python 3.11. Check the network, or install Python 3.11 or 3.12 yourself."
}

install_packages() {
    uv=$(find_uv)
    if [ -z "$uv" ]; then
        # uv installs in a minute what takes pip several; without it the way below still works
        "$python" -m pip install -q --disable-pip-version-check uv || true
        uv=$(find_uv)
    fi
    if [ -n "$uv" ]; then
        "$uv" pip install --compile-bytecode --python "$python" -r "$requirements" && return
        echo "uv did not succeed; trying pip."
    fi
    "$python" -m pip --version >/dev/null 2>&1 || "$python" -m ensurepip >/dev/null 2>&1 || true
    "$python" -m pip install -r "$requirements" ||
        fail "the packages of $requirements could not be installed. Check the network and run the same command again; it goes on where it stopped."
}

if [ -x "$python" ] && ! fits "$python"; then
    fail ".venv holds $("$python" --version 2>&1), but 3.11 or 3.12 is needed. Remove it (rm -rf .venv) and run the same command again."
fi
if ! "$python" -c 'import importlib.util as u; u.find_spec("torch").name' 2>/dev/null; then
    check_disk
    echo "Setting up .venv: several GB are downloaded, which takes a few minutes the first time."
fi
[ -x "$python" ] || make_environment
install_packages
"$python" scripts/check_install.py
