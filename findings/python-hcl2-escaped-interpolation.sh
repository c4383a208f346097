#!/usr/bin/env bash
# python-hcl2 takes what follows an escaped `$${` in a string as a part of it, to the end of a later string.
#
# Versions: python-hcl2 8.1.4, compared with tfparse 0.6.22, which has HashiCorp's own parser.
# Expected: `$${` in a quoted string is the text `${`, which may stand there without an end. Two attributes.
#           https://developer.hashicorp.com/terraform/language/expressions/strings#escape-sequences-1
# Seen:     one attribute, without an error: its value holds the line break and the whole next attribute, which is lost.
set -eu
sed -n "2,/^set -eu/{/^#/s/^# \{0,1\}//p}" "$0"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv python
python/bin/pip install --quiet --disable-pip-version-check python-hcl2==8.1.4 tfparse==0.6.22
mkdir stack
cat >stack/main.tf <<'HCL'
locals {
  environment = "blue"
}
resource "aws_instance" "web" {
  user_data            = "open brace: $${"
  iam_instance_profile = "web-${local.environment}"
  instance_type        = "t3.micro"
}
HCL
python/bin/python - <<'PY'
from pathlib import Path

import hcl2
import tfparse

(peer,) = tfparse.load_from_path("stack")["aws_instance"]
print("tfparse:    ", {name: peer[name] for name in ("user_data", "iam_instance_profile", "instance_type")})
assert peer["iam_instance_profile"] == "web-blue"
(resource,) = hcl2.loads(Path("stack/main.tf").read_text())["resource"]
web = next(iter(next(iter(resource.values())).values()))
print("python-hcl2:", {name: value for name, value in web.items() if not name.startswith("__")})
assert "iam_instance_profile" not in web
assert web["user_data"].endswith('iam_instance_profile = "web-${local.environment}"')
PY
