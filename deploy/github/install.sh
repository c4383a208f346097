#!/usr/bin/env bash
# Installs the tool at the commit of this action, for the audit only; its dependencies are pinned by the hash of each file.
set -euo pipefail
for name in ${!AWS_@} ${!ACTIONS_@}; do
  [[ $name == AWS_CA_BUNDLE ]] || unset "$name"
done

checkout=$(cd "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd)
tool=$RUNNER_TEMP/koding-audit-tool
build=$RUNNER_TEMP/koding-audit-build
[[ ! -e $tool/bin/koding-audit ]] || exit 0
# -I: the current folder is the caller's checkout, and nothing of it may be imported.
python3 -I -m venv "$tool"
python3 -I -m venv "$build"
install=(-I -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all:)
"$tool/bin/python" "${install[@]}" -r "$checkout/deploy/requirements.txt" -r "$checkout/deploy/hcl-requirements.txt"
"$build/bin/python" "${install[@]}" -r "$checkout/deploy/build-requirements.txt"
"$build/bin/python" -I -m pip wheel --quiet --no-deps --no-build-isolation --wheel-dir "$build/wheels" "$checkout"
"$tool/bin/python" -I -m pip install --quiet --disable-pip-version-check --no-deps --no-index "$build"/wheels/*.whl
rm -rf "$build"
