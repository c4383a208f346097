#!/usr/bin/env bash
# pycfmodel takes a StringLike pattern as a regular expression, and ignores case.
#
# Versions: pycfmodel 2.1.3.
# Expected: only * and ? are special in a pattern of StringLike, and it is case-sensitive:
#           https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_String
# Seen:     a dot takes any character, upper case matches lower case, and a plus does not match itself.
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


cases = [("a.example", "a-example"), ("Blue", "blue"), ("a+b@example.org", "a+b@example.org"), ("a*e", "apple")]
for pattern, value in cases:
    print(f"{pattern!r} and {value!r}:", holds({"StringLike": {"aws:username": pattern}}, username=value))
found = [holds({"StringLike": {"aws:username": pattern}}, username=value) for pattern, value in cases]
assert found == [True, True, False, True]
PY
