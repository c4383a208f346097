#!/usr/bin/env bash
# sarif-tools shows a message's placeholders and identifiers instead of its text.
#
# Versions: sarif-tools 3.0.5.
# Expected: "Role Admin is unused" for both results. A consumer replaces {0} by the first of the arguments, and looks up a
#           message that has only an id in the rule's messageStrings: sections 3.11.5 and 3.11.7 of
#           https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/sarif-v2.1.0-os.html
# Seen:     "Role {0} is unused" for the first, and for the second the id, "unused". Results of one rule that differ in their
#           arguments alone look the same in every report.
set -eu
sed -n "2,/^set -eu/{/^#/s/^# \{0,1\}//p}" "$0"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv python
python/bin/pip install --quiet --disable-pip-version-check sarif-tools==3.0.5
cat >log.sarif <<'JSON'
{
  "version": "2.1.0",
  "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
  "runs": [
    {
      "tool": {
        "driver": {
          "name": "example",
          "rules": [{"id": "R1", "messageStrings": {"unused": {"text": "Role {0} is unused"}}}]
        }
      },
      "results": [
        {"ruleId": "R1", "ruleIndex": 0, "message": {"text": "Role {0} is unused", "arguments": ["Admin"]}},
        {"ruleId": "R1", "ruleIndex": 0, "message": {"id": "unused", "arguments": ["Admin"]}}
      ]
    }
  ]
}
JSON
python/bin/sarif csv --output report.csv log.sarif
cat report.csv
test "$(cut -d, -f4 report.csv | sort | tr '\n' '|')" = "Description|Role {0} is unused|unused|"
