#!/usr/bin/env bash
# awacs writes arn:aws: for the regions of five partitions that are not "aws".
#
# Versions: awacs 2.6.1, compared with botocore 1.44.8 (its partitions.json).
# Expected: an ARN helper that takes a region and chooses the partition by it (awacs does for cn- and us-gov) chooses the
#           region's partition: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
# Seen:     "aws" for eusc-de-east-1 (aws-eusc, the European Sovereign Cloud) and the seven regions of aws-iso, aws-iso-b,
#           aws-iso-e and aws-iso-f. An ARN of the wrong partition matches no resource there.
set -eu
sed -n "2,/^set -eu/{/^#/s/^# \{0,1\}//p}" "$0"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv python
python/bin/pip install --quiet --disable-pip-version-check awacs==2.6.1 botocore==1.44.8
python/bin/python - <<'PY'
import botocore.session
from awacs import sqs

partitions = botocore.session.get_session().get_component("data_loader").load_data("partitions")["partitions"]
wrong = {}
for partition in partitions:
    for region in partition["regions"]:
        if not region.endswith("-global"):
            arn = sqs.ARN("jobs", region, "123456789012").data
            if arn.split(":")[1] != partition["id"]:
                wrong[region] = partition["id"]
                print(f"{region} is in {partition['id']}: {arn}")
assert sqs.ARN("jobs", "cn-north-1", "123456789012").data.startswith("arn:aws-cn:")
assert wrong == {
    "eusc-de-east-1": "aws-eusc",
    "us-iso-east-1": "aws-iso",
    "us-iso-west-1": "aws-iso",
    "us-isob-east-1": "aws-iso-b",
    "us-isob-west-1": "aws-iso-b",
    "eu-isoe-west-1": "aws-iso-e",
    "us-isof-east-1": "aws-iso-f",
    "us-isof-south-1": "aws-iso-f",
}
PY
