#!/usr/bin/env bash
# A Deny with two keys leaves an Allow in policyglass only where both keys differ.
#
# Versions: policyglass 0.8.0, pydantic 1.10.24.
# Expected: a Deny with two keys denies where both match. What is left of an Allow of everything is two shards, one where the
#           first key differs, one where the second does:
#           https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-logic-multiple-context-keys-or-values.html
# Seen:     one shard with both conditions, so a request with one matching key counts as denied.
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


left = allowed_if({"StringEquals": {"aws:RequestedRegion": "eu-west-1", "aws:PrincipalTag/team": "blue"}})
print(len(left), "shard:", left)
assert len(left) == 1 and len(left[0]) == 2
assert all("StringNotEquals" in each for each in left[0])
PY
