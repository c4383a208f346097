#!/usr/bin/env bash
# trailscraper makes a policy for PutBucketReplication that cannot make the call.
#
# Versions: trailscraper 0.10.0.
# Expected: the calls PutBucketReplication and DeleteBucketReplication need s3:PutReplicationConfiguration:
#           https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketReplication.html
#           https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucketReplication.html
# Seen:     both become s3:DeleteReplicationConfiguration, which is no action of S3.
set -eu
sed -n "2,/^set -eu/{/^#/s/^# \{0,1\}//p}" "$0"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv python
python/bin/pip install --quiet --disable-pip-version-check trailscraper==0.10.0
python/bin/python - <<'PY' >events.json
import json

user = {"type": "IAMUser", "arn": "arn:aws:iam::123456789012:user/ada", "accountId": "123456789012", "userName": "ada"}
names = [("s3.amazonaws.com", "PutBucketReplication"), ("s3.amazonaws.com", "DeleteBucketReplication")]
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
grep -q '"s3:DeleteReplicationConfiguration"' policy.json
! grep -q 'PutReplicationConfiguration' policy.json
