#!/usr/bin/env bash
# sarif-tools can't read a file in which one result names its rule by reference.
#
# Versions: sarif-tools 3.0.5.
# Expected: two warnings. A result's message is all that SARIF's schema requires of it. Its rule may be named by
#           rule.id in place of ruleId: sections 3.27.5 and 3.27.7 of
#           https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/sarif-v2.1.0-os.html
# Seen:     KeyError: 'ruleId', and no summary of any result in the file. sarif-tools itself reads rule.index for the level.
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
      "tool": {"driver": {"name": "example", "rules": [{"id": "R1"}]}},
      "results": [
        {"ruleId": "R1", "message": {"text": "Role Admin is unused"}},
        {"rule": {"id": "R1", "index": 0}, "message": {"text": "Role Audit is unused"}}
      ]
    }
  ]
}
JSON
if python/bin/sarif summary log.sarif 2>error.txt; then
    echo "sarif-tools reads the file now"
    exit 1
fi
tail -n 1 error.txt
test "$(tail -n 1 error.txt)" = "KeyError: 'ruleId'"
