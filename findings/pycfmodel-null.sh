#!/usr/bin/env bash
# pycfmodel takes the operator Null the other way round.
#
# Versions: pycfmodel 2.1.3.
# Expected: {"Null": {KEY: true}} holds where the request has no such key, and with false where it has one:
#           https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_Null
# Seen:     with true it holds where the key is there, and with false where it is not.
set -eu
sed -n "2,/^set -eu/{/^#/s/^# \{0,1\}//p}" "$0"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv python
python/bin/pip install --quiet --disable-pip-version-check pycfmodel==2.1.3
python/bin/python - <<'PY'
from pycfmodel.model.resources.properties.statement_condition import StatementCondition


def holds(condition, **keys):
    return StatementCondition.model_validate(condition).eval({f"aws:{name}": value for name, value in keys.items()})


absent, present = {"Null": {"aws:TokenIssueTime": True}}, {"Null": {"aws:TokenIssueTime": False}}
for name, condition in (("true", absent), ("false", present)):
    print(f"Null {name}: without the key {holds(condition)}, with it {holds(condition, TokenIssueTime='2026-01-01')}")
assert (holds(absent), holds(absent, TokenIssueTime="2026-01-01")) == (False, True)
assert (holds(present), holds(present, TokenIssueTime="2026-01-01")) == (True, False)
PY
