"""The files that the compared commands are given: desired states good and bad, documents, cases, a stack script."""

from __future__ import annotations

import json
from collections.abc import Mapping

TEAM = """version: 1
account: {id: "123456789012"}
closed: {users: true, groups: true}
policy_sets:
  build:
    description: what a build needs
    policies: [AmazonEC2FullAccess, IAMReadOnlyAccess]
    actions:
      - ec2:RunInstances
      - {action: s3:PutObject, resource: "arn:${partition}:s3:::logs/*", context: {aws:RequestedRegion: eu-west-1}}
      - ec2:RunInstancesx
  dns: {policies: [AmazonRoute53FullAccess, AmazonRoute53DomainsFullAccess]}
  logs:
    policies:
      - name: team-logs
        path: /team/
        document:
          Version: 2012-10-17
          Statement: {Effect: Allow, Action: "s3:GetObject", Resource: "arn:${partition}:s3:::logs/*"}
  ghost: {policies: [NoSuchPolicy, "customer:gone"]}
groups:
  Developers: {required: [build], optional: [dns], members: [koding-user, ada, new], exclusive: true}
  Operators: {path: /operators/, required: [logs]}
  Missing: {required: [ghost], members: [ada], owner: platform, managed_by: terraform}
user_defaults:
  service: {console: forbidden, access_keys: {max_active: 1, max_age_days: 90, unused_days: 45}}
users:
  koding-user: {type: service, boundary: customer:edge}
  ada:
    required: [logs]
    inline:
      own: {Version: 2012-10-17, Statement: {Effect: Allow, Action: "sqs:SendMessage", Resource: "*"}}
      fresh: {Version: 2012-10-17, Statement: {Effect: Allow, Action: "sns:Publish", Resource: "*"}}
  grace: {optional: [dns], console: mfa}
roles:
  app:
    path: /web/
    required: [logs]
    trust:
      Version: 2012-10-17
      Statement: {Effect: Allow, Action: "sts:AssumeRole", Principal: {Service: ec2.amazonaws.com}}
  gone: {}
root: {access_keys: forbidden, mfa: required}
waivers:
  - {rule: policy-unexpected, subject: "user/*", policy: AmazonRoute53FullAccess, reason: a test, owner: dns,
     expires: "2099-12-31"}
  - {rule: inline-unexpected, subject: user/ada, reason: it was, owner: ada, expires: "2020-01-01"}
  - {rule: access-key-old, subject: user/nobody, reason: never, owner: nobody, expires: "2099-12-31"}
"""
# The same without what the simulated account does not tell: a scan of it is complete, and ends with findings.
PEOPLE = TEAM.partition("roles:\n")[0].replace("max_active: 1, max_age_days: 90, unused_days: 45", "max_active: 1")
PEOPLE += "root: {access_keys: forbidden, mfa: required}\n" + TEAM[TEAM.index("waivers:\n") :]
REPLACING = """version: 1
account: {id: "123456789012"}
policy_sets:
  build: {policies: [AmazonEC2FullAccess, IAMReadOnlyAccess]}
  logs:
    policies:
      - name: team-logs
        path: /team/
        document:
          Version: 2012-10-17
          Statement: {Effect: Allow, Action: "s3:GetObject", Resource: "arn:${partition}:s3:::logs/*"}
groups:
  Developers: {required: [build, logs], members: [koding-user, ada, new], exclusive: true}
users:
  ada:
    inline:
      own: {Version: 2012-10-17, Statement: {Effect: Allow, Action: "sqs:SendMessage", Resource: "*"}}
"""
TARGETS = """version: 1
targets:
  live: {accounts: ["111111111111", "222222222222"], role: team/audit, external_id: abc}
  test: {accounts: ["333333333333"], role: audit}
policy_sets: {read: {policies: [ReadOnlyAccess]}}
groups: {Readers: {required: [read], members: [ada]}}
"""
UNITS = """version: 1
targets:
  all: {ou: r-abcd, exclude: ["222222222222"], role: audit}
policy_sets: {read: {policies: [ReadOnlyAccess]}}
groups: {Readers: {required: [read], members: [ada, ghost]}}
"""
ADMIN = """version: 1
policy_sets: {admin: {policies: [AdministratorAccess]}}
groups: {Strays: {required: [admin]}}
"""
GUARDS = """version: 1
protected: [user/ada]
forbidden: [AdministratorAccess]
max_changes: 3
"""
GOOD: Mapping[str, str] = {
    "team.yaml": TEAM,
    "people.yaml": PEOPLE,
    "replacing.yaml": REPLACING,
    "targets.yaml": TARGETS,
    "units.yaml": UNITS,
    "admin.yaml": ADMIN,
    "guarded/guards.yaml": GUARDS,
    "guarded/team.yaml": REPLACING,
    "forbidden/guards.yaml": GUARDS,
    "forbidden/admin.yaml": ADMIN,
}
BAD: Mapping[str, str] = {
    "syntax": "version: 1\ngroups: {Developers: [\n",
    "tab": "version: 1\ngroups:\n\tDevelopers: {}\n",
    "empty": "",
    "nothing": "version: 1\n",
    "version": "version: 2\ngroups: {A: {}}\n",
    "number": "version: 1\naccount: {id: 123456789012}\ngroups: {A: {}}\n",
    "unknown": "version: 1\ngruops: {A: {}}\n",
    "near": "version: 1\ngroups: {A: {requierd: []}}\n",
    "twice": "version: 1\ngroups: {A: {}, A: {}}\n",
    "set": "version: 1\npolicy_sets: {build: {policies: [A]}}\ngroups: {A: {required: [biuld]}}\n",
    "type": "version: 1\ngroups: {A: {members: ada, exclusive: perhaps}}\nusers: [ada]\n",
    "alias": "version: 1\ngroups: {A: &a {}, B: *a}\n",
    "name": 'version: 1\ngroups: {"A B/C": {}}\n',
    "waiver": "version: 1\ngroups: {A: {}}\nwaivers:\n"
    '  - {rule: caller-is-root, reason: a, owner: b, expires: "2099-12-31"}\n'
    '  - {rule: no-such-rule, reason: a, owner: b, expires: "2099-02-30"}\n',
    "document": "version: 1\npolicy_sets: {a: {policies: [{name: p, document: {Statement: {Efect: Allow}}}]}}\n"
    "groups: {A: {required: [a]}}\n",
    "targets": "version: 1\ntargets: {a: {accounts: ['12'], role: r}}\ngroups: {A: {targets: [b]}}\n",
    "ignored": "version: 1\nignore: [{user: a*, reason: r}]\nusers: {ada: {}}\n",
    "multi": "version: 1\n---\nversion: 1\n",
}
_ALLOW = {"Sid": "All", "Effect": "Allow", "Action": "s3:*", "Resource": "*"}
_REQUEST = {
    "action": "s3:GetObject",
    "resource": "arn:aws:s3:::b/k",
    "resourceAccount": "123456789012",
    "principal": "arn:aws:iam::123456789012:user/alice",
    "context": {},
}


def _document(*statements: Mapping[str, object]) -> dict[str, object]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def _cases() -> str:
    deny = {**_ALLOW, "Sid": "No", "Effect": "Deny", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}
    policies = ([_document(_ALLOW)], [_document(_ALLOW, deny)], [], [_document({**_ALLOW, "Resource": "arn:*:b/${x}"})])
    rows = [
        {"id": f"case {number}", "request": _REQUEST, "identityPolicies": each, "expected": "allowed"}
        for number, each in enumerate(policies)
    ]
    return "".join(f"{json.dumps(row)}\n" for row in rows)


_OLD = {"Effect": "Allow", "Action": ["s3:Get*", "s3:List*"], "Resource": "*"}
_NEW = {"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": "arn:aws:s3:::logs/*"}
DETAILS: Mapping[str, object] = {
    "UserDetailList": [
        {
            "Path": "/",
            "UserName": "koding-user",
            "UserId": "AIDA0000000000000001",
            "Arn": "arn:aws:iam::123456789012:user/koding-user",
            "CreateDate": "2026-01-01T00:00:00+00:00",
            "GroupList": [],
            "AttachedManagedPolicies": [],
        }
    ],
    "GroupDetailList": [
        {
            "Path": "/",
            "GroupName": "Developers",
            "GroupId": "AGPA0000000000000002",
            "Arn": "arn:aws:iam::123456789012:group/Developers",
            "CreateDate": "2026-01-01T00:00:00+00:00",
            "GroupPolicyList": [{"PolicyName": "stray", "PolicyDocument": _document(_ALLOW)}],
            "AttachedManagedPolicies": [
                {"PolicyName": "AmazonEC2FullAccess", "PolicyArn": "arn:aws:iam::aws:policy/AmazonEC2FullAccess"}
            ],
        }
    ],
    "RoleDetailList": [],
    "Policies": [],
}
OTHERS: Mapping[str, str] = {
    "cases.jsonl": _cases(),
    "old.json": json.dumps(_document(_OLD)),
    "new.json": json.dumps(_document(_NEW)),
    "broken.json": '{"Version": "2012-10-17", "Statement": [',
    "details.json": json.dumps(DETAILS),
    "stack.tf": 'resource "aws_eip" "a" {}\nresource "aws_s3_bucket" "b" {\n  bucket = "${var.name}"\n}\n',
    "broken.tf": 'resource "aws_eip" {\n',
    "guards-bad/guards.yaml": "version: 1\nprotected: [ada]\nforbiden: []\n",
    "guards-bad/team.yaml": ADMIN,
}
FILES: Mapping[str, str] = {**GOOD, **OTHERS, **{f"bad/{name}.yaml": text for name, text in BAD.items()}}
