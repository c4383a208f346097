#!/usr/bin/env bash
# iam-ape says nothing of an attached policy whose document it does not have.
#
# Version:  iam-ape 1.1.6.
# Expected: authorization details saved with a filter lack managed policies that are attached; an evaluation of such a file
#           is incomplete, and an error or a warning says so.
# Seen:     the policy counts as one that grants nothing. With --verbose, too, nothing names it, and the status is 0.
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
own = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::reports/*"}
user = {
    "Arn": ARN,
    "UserName": "ada",
    "GroupList": [],
    "AttachedManagedPolicies": [{"PolicyName": "operators", "PolicyArn": "arn:aws:iam::123456789012:policy/operators"}],
    "UserPolicyList": [{"PolicyName": "own", "PolicyDocument": {"Version": "2012-10-17", "Statement": [own]}}],
}
with open("details.json", "w") as file:
    json.dump({"UserDetailList": [user], "GroupDetailList": [], "RoleDetailList": [], "Policies": []}, file)
command = ["python/bin/iam-ape", "--verbose", "--arn", ARN, "--input", "details.json"]
done = subprocess.run(command, check=True, capture_output=True, text=True)
print(done.stdout[done.stdout.index("Evaluating") :])
assert done.returncode == 0 and '"s3:GetObject"' in done.stdout
assert "operators" not in done.stdout + done.stderr
PY
