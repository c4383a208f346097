#!/usr/bin/env bash
# parliament reports an IPv6 range and an epoch time in conditions as values of the wrong type.
#
# Versions: parliament 1.6.4.
# Expected: no finding. IP conditions take IPv4 and IPv6 ranges, date conditions take ISO 8601 or epoch time:
#           https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
# Seen:     MISMATCHED_TYPE for both. The IPv6 pattern in parliament allows no letters a to f and no ::, though the comment
#           above it has such an address as the example. The IPv4 range and the ISO time pass.
set -eu
sed -n "2,/^set -eu/{/^#/s/^# \{0,1\}//p}" "$0"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv python
python/bin/pip install --quiet --disable-pip-version-check parliament==1.6.4
python/bin/python -W ignore - <<'PY'
import json

from parliament import analyze_policy_string


def findings(operator, key, value):
    statement = {
        "Effect": "Allow",
        "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::example-bucket/*",
        "Condition": {operator: {key: value}},
    }
    result = analyze_policy_string(json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    issues = [finding.issue for finding in result.findings]
    print(f"{operator} {key} {value}: {issues}")
    return issues


assert findings("IpAddress", "aws:SourceIp", "203.0.113.0/24") == []
assert findings("IpAddress", "aws:SourceIp", "2001:db8:1234:5678::/64") == ["MISMATCHED_TYPE"]
assert findings("DateGreaterThan", "aws:CurrentTime", "2026-01-01T00:00:00Z") == []
assert findings("DateGreaterThan", "aws:EpochTime", "1767225600") == ["MISMATCHED_TYPE"]
PY
