#!/usr/bin/env bash
# policy_sentry's policy for writing to one log group grants iam:PassRole on every role.
#
# Versions: policy_sentry 0.15.2.
# Expected: a CRUD template that has one ARN gives statements on that ARN: "*" is for actions that support no resource
#           ARNs, and for those that the template names in skip-resource-constraints:
#           https://policy-sentry.readthedocs.io/en/latest/user-guide/write-policy.html
# Seen:     a statement MultMultNone with iam:PassRole on "*", since logs:PutSubscriptionFilter lists it as a dependent
#           action. policy_sentry's own query knows that iam:PassRole takes a role's ARN.
set -eu
sed -n "2,/^set -eu/{/^#/s/^# \{0,1\}//p}" "$0"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv python
python/bin/pip install --quiet --disable-pip-version-check policy_sentry==0.15.2
python/bin/python - <<'PY'
from policy_sentry.command.write_policy import write_policy_with_template
from policy_sentry.querying import actions

group = "arn:aws:logs:us-east-1:123456789012:log-group:/app/web"
policy = write_policy_with_template({"mode": "crud", "write": [group]})
for statement in policy["Statement"]:
    print(statement["Sid"], statement["Resource"], statement["Action"][:3], "...")
everywhere = [statement["Action"] for statement in policy["Statement"] if statement["Resource"] == ["*"]]
assert everywhere == [["iam:PassRole"]]
assert "iam:PassRole" not in actions.get_actions_that_support_wildcard_arns_only("iam")
assert "iam:PassRole" in actions.get_actions_matching_arn("arn:aws:iam::123456789012:role/web")
owners = [name for name in policy["Statement"][1]["Action"] if "iam:PassRole" in actions.get_dependent_actions([name])]
print("dependent on iam:PassRole:", owners)
assert owners == ["logs:PutSubscriptionFilter"]
PY
