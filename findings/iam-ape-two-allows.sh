#!/usr/bin/env bash
# The verbose report of iam-ape shows two Allows, each with a condition, as one Allow with both conditions.
#
# Version:  iam-ape 1.1.6.
# Expected: two statements that allow s3:GetObject, one with MFA, one from a network, allow it where either condition holds:
#           https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
# Seen:     with --format verbose the action has one Condition with both. One statement with both conditions gives the same
#           Condition; the report with --format clean tells them apart.
set -eu
sed -n "2,/^set -eu/{/^#/s/^# \{0,1\}//p}" "$0"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv python
python/bin/pip install --quiet --disable-pip-version-check iam-ape==1.1.6
python/bin/python - <<'PY'
import json
import subprocess

ARN = "arn:aws:iam::123456789012:user/ada"
MFA = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
NETWORK = {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}


def effective(*conditions):
    """What the report has about s3:GetObject, which an inline policy allows under each of these conditions."""
    allowed = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::reports/*"}
    document = {"Version": "2012-10-17", "Statement": [{**allowed, "Condition": each} for each in conditions]}
    user = {"Arn": ARN, "UserName": "ada", "GroupList": [], "AttachedManagedPolicies": []}
    user["UserPolicyList"] = [{"PolicyName": "own", "PolicyDocument": document}]
    with open("details.json", "w") as file:
        json.dump({"UserDetailList": [user], "GroupDetailList": [], "RoleDetailList": [], "Policies": []}, file)
    command = ["python/bin/iam-ape", "--quiet", "--arn", ARN, "--input", "details.json", "--output", "out.json"]
    subprocess.run([*command, "--format", "verbose"], check=True)
    with open("out.json") as file:
        found = json.load(file)["allowed_permissions"]["s3"]["arn:aws:s3:::reports/*"]["Read"]["s3:GetObject"]
    return found["Condition"]


either, both = effective(MFA, NETWORK), effective({**MFA, **NETWORK})
print("two Allows:", json.dumps(either, sort_keys=True))
print("one Allow: ", json.dumps(both, sort_keys=True))
assert either == both and set(both) == {"Bool", "IpAddress"}
PY
