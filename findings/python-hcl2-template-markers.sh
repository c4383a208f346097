#!/usr/bin/env bash
# python-hcl2 can't read the strip markers of a template, nor the escape `%%{` without a closing brace.
#
# Versions: python-hcl2 8.1.4, compared with tfparse 0.6.22, which has HashiCorp's own parser.
# Expected: `${~` and `~}` take away the blanks beside an interpolation, and `%%{` is the text `%{`, with a brace behind it or not:
#           https://developer.hashicorp.com/terraform/language/expressions/strings#whitespace-stripping
# Seen:     UnexpectedToken for each of them. A directive `%{ if }` is read.
set -eu
sed -n "2,/^set -eu/{/^#/s/^# \{0,1\}//p}" "$0"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv python
python/bin/pip install --quiet --disable-pip-version-check python-hcl2==8.1.4 tfparse==0.6.22
mkdir stack
cat >check.py <<'PY'
from pathlib import Path

import hcl2
import tfparse
from lark.exceptions import UnexpectedToken

TEXTS = {"name-  ${~local.team~}  -queue": "name-web-queue", "100%%{ used": "100%{ used"}


def is_read(text: str) -> bool:
    try:
        hcl2.loads(f'name = "{text}"\n')
    except UnexpectedToken:
        return False
    return True


for text, value in TEXTS.items():
    script = f'locals {{\n  team = "web"\n}}\nresource "aws_sqs_queue" "q" {{\n  name = "{text}"\n}}\n'
    Path("stack/main.tf").write_text(script)
    (queue,) = tfparse.load_from_path("stack")["aws_sqs_queue"]
    print(f"{text}: tfparse {queue['name']!r}, python-hcl2", "read" if is_read(text) else "UnexpectedToken")
    assert queue["name"] == value
    assert not is_read(text)
assert is_read("%{ if true }web%{ endif }")
PY
python/bin/python check.py
