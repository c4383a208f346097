#!/usr/bin/env bash
# iam-ape joins the SCPs of several levels: what one of them allows counts as allowed.
#
# Version:  iam-ape 1.1.6.
# Expected: each level of an organization, from the root down to the account, must allow an action:
#           https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_evaluation.html
# Seen:     with the SCP of the account alone, which allows EC2, s3:GetObject is not effective. With that of the root, too, which
#           allows EC2 and S3, it is.
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
user = {"Arn": ARN, "UserName": "ada", "GroupList": [], "AttachedManagedPolicies": []}
read = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
user["UserPolicyList"] = [{"PolicyName": "own", "PolicyDocument": {"Version": "2012-10-17", "Statement": [read]}}]
with open("details.json", "w") as file:
    json.dump({"UserDetailList": [user], "GroupDetailList": [], "RoleDetailList": [], "Policies": []}, file)
for level, actions in {"root": ["ec2:*", "s3:*"], "account": ["ec2:*"]}.items():
    statement = {"Effect": "Allow", "Action": actions, "Resource": ["*"]}
    content = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    with open(f"{level}.json", "w") as file:
        json.dump({"Policy": {"PolicySummary": {"Arn": f"arn:aws:organizations:::{level}"}, "Content": content}}, file)


def effective(*levels):
    """The effective policy with the SCPs of these levels."""
    paths = ",".join(f"{each}.json" for each in levels)
    command = ["python/bin/iam-ape", "--quiet", "--arn", ARN, "--input", "details.json", "--scp-policy", paths]
    subprocess.run([*command, "--output", "out.json"], check=True)
    with open("out.json") as file:
        return file.read()


alone, both = effective("account"), effective("root", "account")
print("account:          ", " ".join(alone.split()))
print("root and account: ", " ".join(both.split()))
assert '"Allow"' not in alone and '"s3:GetObject"' in both
PY
