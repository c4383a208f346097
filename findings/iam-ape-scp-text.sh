#!/usr/bin/env bash
# iam-ape cannot read an SCP whose Action is a text and not a list.
#
# Version:  iam-ape 1.1.6.
# Expected: the output of `aws organizations describe-policy` is an input for --scp-policy. In AWS's own
#           example against leaving an organization Action is a text:
#           https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_examples_general.html
# Seen:     ValueError, because the text is taken apart into its characters. A list with the same action is read, and so is a text
#           in a policy of the user.
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
LEAVE = "organizations:LeaveOrganization"
own = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": LEAVE, "Resource": "*"}}
user = {"Arn": ARN, "UserName": "ada", "GroupList": [], "AttachedManagedPolicies": []}
user["UserPolicyList"] = [{"PolicyName": "own", "PolicyDocument": own}]
with open("details.json", "w") as file:
    json.dump({"UserDetailList": [user], "GroupDetailList": [], "RoleDetailList": [], "Policies": []}, file)
for name, action in {"text": LEAVE, "list": [LEAVE]}.items():
    content = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": action, "Resource": "*"}]}
    summary = {"Arn": "arn:aws:organizations::111122223333:policy/o-a1/service_control_policy/p-1"}
    with open(f"{name}.json", "w") as file:
        json.dump({"Policy": {"PolicySummary": summary, "Content": json.dumps(content)}}, file)
    command = ["python/bin/iam-ape", "--quiet", "--arn", ARN, "--input", "details.json", "--scp-policy", f"{name}.json"]
    done = subprocess.run(command, capture_output=True, text=True)
    print(f"{name}: status {done.returncode} {done.stderr.strip().rpartition(chr(10))[2]}")
    assert (done.returncode != 0) == ("ValueError" in done.stderr) == (name == "text")
PY
