#!/usr/bin/env bash
# policyglass negates StringEqualsIfExists to StringNotEqualsIfExists, and a request without the key is allowed and denied.
#
# Versions: policyglass 0.8.0, pydantic 1.10.24.
# Expected: an operator with IfExists is true without the key, a negated one as well, so the opposite of StringEqualsIfExists
#           has to require the key (Null: false):
#           https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_IfExists
# Seen:     a Deny with StringEqualsIfExists leaves an Allow with StringNotEqualsIfExists, which takes in a request without the
#           key, though the Deny is about it.
set -eu
sed -n "2,/^set -eu/{/^#/s/^# \{0,1\}//p}" "$0"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv python
python/bin/pip install --quiet --disable-pip-version-check policyglass==0.8.0 pydantic==1.10.24
python/bin/python - <<'PY'
from policyglass import Policy, policy_shards_effect


def allowed_if(operator_keys):
    """The conditions under which a Deny with these conditions leaves an Allow of everything."""
    common = {"Action": "s3:*", "Resource": "*", "Principal": "*"}
    deny = {"Effect": "Deny", **common, "Condition": operator_keys}
    policy = Policy(**{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **common}, deny]})
    effect = policy_shards_effect(policy.policy_shards)
    return [sorted(str(each) for each in shard.effective_condition.inclusions) for shard in effect]


left = allowed_if({"StringEqualsIfExists": {"aws:PrincipalTag/team": ["blue"]}})
print(left)
assert len(left) == 1 and len(left[0]) == 1
assert "StringNotEqualsIfExists" in left[0][0] and "Null" not in left[0][0]
PY
