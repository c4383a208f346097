#!/usr/bin/env bash
# A StringNotEquals with two values holds in pycfmodel for each of the two.
#
# Versions: pycfmodel 2.1.3.
# Expected: a negated operator with several values holds where the key has none of them (NOR), as the guide says:
#           https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-logic-multiple-context-keys-or-values.html
# Seen:     it holds where one of the values differs, so with two values always. With one value it is right.
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


one, two = ({"StringNotEquals": {"aws:RequestedRegion": values}} for values in ("eu-west-1", ["eu-west-1", "eu-west-3"]))
for name, condition in (("one value: ", one), ("two values:", two)):
    print(name, {region: holds(condition, RequestedRegion=region) for region in ("eu-west-1", "us-east-1")})
assert (holds(one, RequestedRegion="eu-west-1"), holds(one, RequestedRegion="us-east-1")) == (False, True)
assert (holds(two, RequestedRegion="eu-west-1"), holds(two, RequestedRegion="us-east-1")) == (True, True)
PY
