#!/usr/bin/env bash
# A virtual environment with all that the Python client's tests and checks take, exactly as pinned, and the client itself
# from this source. Prints where it is. Does nothing where it is up to date.
#
#   client/python/venv.sh [DIRECTORY [REQUIREMENTS]]    default: build/python, requirements-test.txt
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
here=client/python
venv=${1:-build/python}
requirements=${2:-$here/requirements-test.txt}

wanted=$(cat "$here/venv.sh" "$requirements" "$here/pyproject.toml" | sha256sum)
if [[ $(cat "$venv/installed" 2>/dev/null) != "$wanted" ]]; then
  rm -rf "$venv"
  "${PYTHON:-/usr/bin/python3}" -m venv "$venv"
  "$venv/bin/pip" install --quiet --no-deps -r "$requirements" >&2
  "$venv/bin/pip" install --quiet --no-deps --no-build-isolation --editable "$here" >&2
  "$venv/bin/pip" check >&2
  echo "$wanted" >"$venv/installed"
fi
echo "$venv"
