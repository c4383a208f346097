#!/usr/bin/env bash
# iam-ape limits an Allow by the condition of a Deny on another bucket.
#
# Version:  iam-ape 1.1.6.
# Expected: a Deny on one bucket, with a condition, changes nothing of an Allow on another bucket:
#           https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
# Seen:     the effective policy allows the other bucket only where the condition of the Deny does not hold. The statement has
#           Resource and NotResource, of which IAM takes only one.
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
ALLOW = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::reports/*"}
DENY = {
    "Effect": "Deny",
    "Action": "s3:GetObject",
    "Resource": "arn:aws:s3:::payroll/*",
    "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "false"}},
}


def effective(*statements):
    """The effective statements of a user with these statements in an inline policy."""
    document = {"Version": "2012-10-17", "Statement": list(statements)}
    user = {"Arn": ARN, "UserName": "ada", "GroupList": [], "AttachedManagedPolicies": []}
    user["UserPolicyList"] = [{"PolicyName": "own", "PolicyDocument": document}]
    with open("details.json", "w") as file:
        json.dump({"UserDetailList": [user], "GroupDetailList": [], "RoleDetailList": [], "Policies": []}, file)
    command = ["python/bin/iam-ape", "--quiet", "--arn", ARN, "--input", "details.json", "--output", "out.json"]
    subprocess.run(command, check=True)
    with open("out.json") as file:
        return [each for each in json.load(file)["Statement"] if each["Effect"] == "Allow"]


alone, beside = effective(ALLOW), effective(ALLOW, DENY)
print("without the Deny:", json.dumps(alone))
print("with the Deny:   ", json.dumps(beside))
assert "Condition" not in alone[0] and {"Resource", "NotResource"} <= beside[0].keys()
assert beside[0]["Condition"] == {"Bool": {"aws:MultiFactorAuthPresent": ["true"]}}
PY
