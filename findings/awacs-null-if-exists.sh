#!/usr/bin/env bash
# awacs offers condition operators that IAM does not have: NullIfExists and its two set forms.
#
# Versions: awacs 2.6.1.
# Expected: no class for Null with IfExists. IfExists goes with any operator except Null:
#           https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
# Seen:     NullIfExists, ForAnyValueNullIfExists and ForAllValuesNullIfExists, which write the operator to the policy. The
#           classes are the product of all operators, prefixes and suffixes.
set -eu
sed -n "2,/^set -eu/{/^#/s/^# \{0,1\}//p}" "$0"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv python
python/bin/pip install --quiet --disable-pip-version-check awacs==2.6.1
python/bin/python - <<'PY'
import json

from awacs import aws

names = sorted(name for name in vars(aws) if "Null" in name and name.endswith("IfExists"))
written = [json.loads(aws.Condition(getattr(aws, name)("aws:TokenIssueTime", "true")).to_json()) for name in names]
for name, condition in zip(names, written):
    print(f"{name}: {condition}")
assert [next(iter(condition)) for condition in written] == [
    "ForAllValues:NullIfExists",
    "ForAnyValue:NullIfExists",
    "NullIfExists",
]
PY
