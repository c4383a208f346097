#!/usr/bin/env bash
# awacs drops all but the last of several conditions that share an operator.
#
# Versions: awacs 2.6.1.
# Expected: Condition([StringEquals(a), StringEquals(b)]) requires both, as a list of elements with different operators
#           does, or raises an error. In IAM all keys of a Condition must match:
#           https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-logic-multiple-context-keys-or-values.html
# Seen:     the JSON holds the last element alone, without an error: the statement is wider than what was written. (One
#           StringEquals of a dict with both keys does hold both.)
set -eu
sed -n "2,/^set -eu/{/^#/s/^# \{0,1\}//p}" "$0"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv python
python/bin/pip install --quiet --disable-pip-version-check awacs==2.6.1
python/bin/python - <<'PY'
import json

from awacs.aws import Bool, Condition, StringEquals


def written(*elements):
    return json.loads(Condition(list(elements)).to_json())


organization = StringEquals("aws:PrincipalOrgID", "o-a1b2c3d4e5")
team = StringEquals("aws:PrincipalTag/team", "blue")
different = written(organization, Bool("aws:SecureTransport", "true"))
same = written(organization, team)
print("two operators:", different)
print("one operator: ", same)
assert different.keys() == {"StringEquals", "Bool"}
assert same == {"StringEquals": {"aws:PrincipalTag/team": "blue"}}
PY
