#!/usr/bin/env bash
# Of two keys under one operator with lists of values, pycfmodel looks at the last alone.
#
# Versions: pycfmodel 2.1.3.
# Expected: all keys of an operator must match, each with one of its values:
#           https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-logic-multiple-context-keys-or-values.html
# Seen:     true with a first key that has another value, if the values are lists; the same keys with plain values, or in the
#           other order, are decided as the guide says.
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


team, region = ("aws:PrincipalAccount", "123456789012"), ("aws:RequestedRegion", "eu-west-1")
request = {"PrincipalAccount": "210987654321", "RequestedRegion": "eu-west-1"}
plain = holds({"StringEquals": dict([team, region])}, **request)
lists = holds({"StringEquals": {key: [value] for key, value in (team, region)}}, **request)
turned = holds({"StringEquals": {key: [value] for key, value in (region, team)}}, **request)
print("plain values:", plain)
print("lists:", lists, "and in the other order:", turned)
assert (plain, lists, turned) == (False, True, False)
PY
