#!/usr/bin/env bash
# cfn-flip can't write a Fn::GetAtt whose attribute is a Ref as YAML.
#
# Versions: cfn-flip 1.3.0, compared with cfn-lint 1.58.0.
# Expected: a YAML template. The attribute of Fn::GetAtt may be a Ref:
#           https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-getatt.html
# Seen:     TypeError: it joins the two parts with a dot for !GetAtt. cfn-lint accepts the same template. The way from YAML to
#           JSON works.
set -eu
sed -n "2,/^set -eu/{/^#/s/^# \{0,1\}//p}" "$0"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv python
python/bin/pip install --quiet --disable-pip-version-check cfn-flip==1.3.0 cfn-lint==1.58.0
cat >template.yaml <<'YAML'
Parameters:
  Attribute: {Type: String, AllowedValues: [Arn, RoleId]}
Resources:
  Reader:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Version: "2012-10-17"
        Statement: {Effect: Allow, Action: sts:AssumeRole, Principal: {Service: ec2.amazonaws.com}}
Outputs:
  Shown:
    Value: {"Fn::GetAtt": [Reader, {Ref: Attribute}]}
YAML
python/bin/cfn-lint template.yaml
echo "cfn-lint: valid"
python/bin/python - <<'PY'
from pathlib import Path

from cfn_flip import to_json, to_yaml

template = to_json(Path("template.yaml").read_text())
print("cfn-flip to JSON: converted")
try:
    to_yaml(template)
except TypeError as error:
    print("cfn-flip to YAML: TypeError:", error)
else:
    raise SystemExit("cfn-flip to YAML: converted")
PY
