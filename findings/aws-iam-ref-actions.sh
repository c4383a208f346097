#!/usr/bin/env bash
# aws-iam-ref does not know iam:PassRole, and has no action of three services in four.
#
# Versions: aws-iam-ref 1.0.0.
# Expected: "20,000+ IAM actions from 441 AWS services", as its page promises: https://pypi.org/project/aws-iam-ref/1.0.0/
# Seen:     7,428 actions; 333 of the 441 services have none, among them account, acm and backup. In the names of 498 actions
#           the reference's mark is left in, as in "PassRole [permission only]", so that iam:PassRole is not found.
set -eu
sed -n "2,/^set -eu/{/^#/s/^# \{0,1\}//p}" "$0"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv python
python/bin/pip install --quiet --disable-pip-version-check aws-iam-ref==1.0.0
python/bin/python - <<'PY'
from ref import IAMReference

reference = IAMReference()
services = reference.data["services"]
names = [f"{service['service']}:{action['name']}" for service in services for action in service["actions"]]
empty = [service["service"] for service in services if not service["actions"]]
marked = [name for name in names if name.endswith("[permission only]")]
print(len(names), "actions;", len(empty), "of", len(services), "services without;", len(marked), "marked names")
print("iam:CreateRole:", reference.get_action("iam", "CreateRole") is not None)
print("iam:PassRole:", reference.get_action("iam", "PassRole"))
assert (len(names), len(services), len(empty), len(marked)) == (7428, 441, 333, 498)
assert {"account", "acm", "backup"} <= set(empty)
assert reference.get_action("iam", "CreateRole") and reference.get_action("iam", "PassRole") is None
assert "iam:PassRole [permission only]" in marked
PY
