"""Files -> Desired: every field from its place in the file."""

from __future__ import annotations

import hashlib
from datetime import date
from pathlib import Path

import pytest

from koding_audit.desired import load_desired
from koding_audit.model.account import Account
from koding_audit.model.desired import (
    Boundary,
    Desired,
    DesiredGroup,
    DesiredUser,
    Ignore,
    KeyLimits,
    PolicyRef,
    RootExpectation,
    Waiver,
)
from koding_audit.model.location import Location, Reference, SourceFile
from tests.desired.files import loaded

HEAD = "version: 1\n"
GUIDE = Path(__file__).parents[2] / "policies" / "koding.yaml"


def at(line: int, column: int, path: str = "0.yaml") -> Location:
    return Location(path, line, column)


@pytest.fixture(autouse=True)
def _short_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def of(*contents: str) -> Desired:
    """The desired state of 0.yaml, 1.yaml, ... in the working directory."""
    return loaded(Path(), *contents)


def test_the_guide_is_what_the_contract_prints() -> None:
    guide = load_desired([str(GUIDE)])
    place = str(GUIDE)
    aws = "arn:${partition}:iam::aws:policy/"
    assert guide.files == (SourceFile(place, hashlib.sha256(GUIDE.read_bytes()).hexdigest()),)
    assert {name: [ref.arn for ref in each.policies] for name, each in guide.policy_sets.items()} == {
        "stack-build": [f"{aws}AmazonEC2FullAccess", f"{aws}IAMReadOnlyAccess"],
        "route53": [f"{aws}AmazonRoute53FullAccess", f"{aws}AmazonRoute53DomainsFullAccess"],
    }
    assert guide.policy_sets["stack-build"].policies[1].location == at(7, 37, place)
    assert guide.policy_sets["route53"].description == "Stacks that manage DNS records or domains"
    assert guide.groups == {
        "Developers": DesiredGroup(
            "Developers",
            at(13, 3, place),
            required=(Reference("stack-build", at(14, 16, place)),),
            optional=(Reference("route53", at(15, 16, place)),),
        )
    }
    member = at(16, 15, place)
    assert guide.users == {"koding-user": DesiredUser("koding-user", member, groups=(Reference("Developers", member),))}
    assert guide.root == RootExpectation(location=at(18, 1, place))
    assert (guide.account_ids, guide.partition, guide.closed, guide.ignore) == ((), None, {}, ())


def test_a_file_that_says_everything_is_read_to_the_last_key() -> None:
    desired = of(
        """version: 1
account: {id: "123456789012", partition: aws-us-gov}
policy_sets:
  s: {description: what for, policies: ["arn:aws-us-gov:iam::123456789012:policy/t/p"]}
groups:
  G: {path: /g/, exclusive: true, owner: o, managed_by: terraform}
users:
  u:
    path: /u/
    groups: [G]
    required: [s]
    boundary: customer:edge
    access_keys: {min_active: 1, max_active: 2, max_age_days: 3, unused_days: 4}
    console: mfa
    exclusive: true
    owner: web
    tags: {team: web, n: 012}
    managed_by: terraform
  v: {optional: [s], boundary: none, exclusive: false}
closed: {users: true, groups: false}
root: {access_keys: allowed, mfa: any, unused_days: 90}
ignore:
  - {role: "A_*", reason: why}
  - {group: g, reason: because}
waivers:
  - {rule: policy-missing, reason: r, owner: o, expires: 2027-01-31}
  - {rule: policy-unexpected, subject: "group/*", policy: "IAM*", reason: r, owner: o, expires: "2027-01-31"}
  - {rule: inline-missing, subject: root, policy: scratch, reason: r, owner: o, expires: "2027-01-31"}
"""
    )
    assert (desired.account_ids, desired.account_source, desired.partition) == (
        ("123456789012",),
        at(2, 1),
        "aws-us-gov",
    )
    assert desired.policy_sets["s"].policies == (PolicyRef("arn:aws-us-gov:iam::123456789012:policy/t/p", at(4, 41)),)
    assert desired.groups == {
        "G": DesiredGroup("G", at(6, 3), path="/g/", exclusive=True, owner="o", managed_by="terraform")
    }
    assert desired.users["u"] == DesiredUser(
        "u",
        at(8, 3),
        path="/u/",
        groups=(Reference("G", at(10, 14)),),
        required=(Reference("s", at(11, 16)),),
        boundary=Boundary(PolicyRef("arn:${partition}:iam::${account}:policy/edge", at(12, 15)), at(12, 15)),
        access_keys=KeyLimits(at(13, 18), 1, 2, 3, 4),
        console=Reference("mfa", at(14, 14)),
        exclusive=True,
        owner="web",
        tags=(("team", "web"), ("n", "012")),
        managed_by="terraform",
    )
    assert desired.users["v"] == DesiredUser(
        "v", at(19, 3), optional=(Reference("s", at(19, 18)),), boundary=Boundary(None, at(19, 32))
    )
    assert desired.closed == {"user": at(20, 10)}
    assert desired.root == RootExpectation("allowed", "any", 90, at(21, 1))
    assert desired.ignore == (
        Ignore("role", "A_*", "why", at(23, 5)),
        Ignore("group", "g", "because", at(24, 5)),
    )


def test_a_waiver_says_whom_and_what_it_is_about_as_the_account_spells_it() -> None:
    row = "  - {rule: policy-missing, %sreason: why, owner: web, expires: '2027-01-31'}\n"
    said = ["", "subject: 'group/*', policy: 'IAM*', ", "policy: customer:team/edge, ", "policy: '*', "]
    said += ["subject: 'arn:${partition}:iam::${account}:group/x', policy: 'arn:${partition}:iam::aws:policy/*', "]
    desired = of(HEAD + "root: {}\nwaivers:\n" + "".join(row % each for each in said[:3] + said[4:]))
    every, some, own, by_arn = desired.bind(Account("123456789012", "aws-cn")).waivers
    assert every == Waiver("policy-missing", "why", "web", date(2027, 1, 31), "*", "*", at(4, 5))
    assert (some.subject, some.policy) == ("group/*", "arn:aws-cn:iam::aws:policy/IAM*")
    assert own.policy == "arn:aws-cn:iam::123456789012:policy/team/edge"
    assert (by_arn.subject, by_arn.policy) == ("arn:aws-cn:iam::123456789012:group/x", "arn:aws-cn:iam::aws:policy/*")
    [anything] = of(HEAD + "root: {}\nwaivers:\n" + row % said[3]).waivers
    assert anything.policy == "*"
    inline = row.replace("policy-missing", "inline-missing") % "policy: scratch, "
    assert of(HEAD + "root: {}\nwaivers:\n" + inline).waivers[0].policy == "scratch"


def test_waivers_of_several_files_are_joined(tmp_path: Path) -> None:
    row = "waivers: [{rule: %s, reason: why, owner: web, expires: '2027-01-31'}]\n"
    desired = loaded(tmp_path, HEAD + "root: {}\n" + row % "user-missing", HEAD + row % "group-missing")
    assert [each.rule for each in desired.waivers] == ["user-missing", "group-missing"]


def test_policies_are_bound_to_the_account_that_is_audited() -> None:
    desired = of(
        HEAD
        + "policy_sets: {s: {policies: [job-function/Billing, 'customer:t/p', 'arn:aws:iam::${account}:policy/x']}}\n"
        + "users: {u: {boundary: customer:edge}}\n"
    ).bind(Account("123456789012", "aws"))
    assert [ref.arn for ref in desired.policy_sets["s"].policies] == [
        "arn:aws:iam::aws:policy/job-function/Billing",
        "arn:aws:iam::123456789012:policy/t/p",
        "arn:aws:iam::123456789012:policy/x",
    ]
    boundary = desired.users["u"].boundary
    assert boundary is not None
    assert boundary.policy is not None
    assert boundary.policy.arn == "arn:aws:iam::123456789012:policy/edge"


@pytest.mark.parametrize("word", ["NO", "on", "012", "1e3", "1_000", "12:30:45", "2027-01-31", "null", "~", ".inf", "0x1F", "=", "90", "true"])  # fmt: skip # noqa: E501 - one list of words
def test_a_plain_scalar_stays_what_was_written(word: str) -> None:
    assert of(HEAD + f"groups: {{G: {{owner: {word}}}}}\n").groups["G"].owner == word


def test_users_named_like_other_types_are_users() -> None:
    desired = of(HEAD + "groups: {G: {members: [NO, null, 012, 1e3, 2027-01-31, true]}}\n")
    assert list(desired.users) == ["NO", "null", "012", "1e3", "2027-01-31", "true"]


DEFAULTS = """version: 1
user_defaults:
  limited: {console: mfa, access_keys: {max_active: 1, max_age_days: 90}}
  none: {access_keys: forbidden}
users:
  u: %s
"""


@pytest.mark.parametrize(
    ("user", "limits"),
    [
        ("{}", None),
        ("{type: limited}", KeyLimits(at(3, 40), max_active=1, max_age_days=90)),
        (
            "{type: limited, access_keys: {max_age_days: 30, unused_days: 45}}",
            KeyLimits(at(6, 35), max_active=1, max_age_days=30, unused_days=45),
        ),
        ("{type: limited, access_keys: {}}", KeyLimits(at(6, 35), max_active=1, max_age_days=90)),
        ("{type: limited, access_keys: forbidden}", KeyLimits(at(6, 35), max_active=0)),
        ("{type: none}", KeyLimits(at(4, 23), max_active=0)),
        ("{type: none, access_keys: {max_age_days: 30}}", KeyLimits(at(6, 32), max_age_days=30)),
        ("{access_keys: forbidden}", KeyLimits(at(6, 20), max_active=0)),
    ],
)
def test_limits_are_the_users_own_before_those_of_its_type(user: str, limits: KeyLimits | None) -> None:
    assert of(DEFAULTS % user).users["u"].access_keys == limits


@pytest.mark.parametrize(
    ("user", "console"),
    [
        ("{}", None),
        ("{type: none}", None),
        ("{type: limited}", Reference("mfa", at(3, 22))),
        ("{type: limited, console: any}", Reference("any", at(6, 31))),
    ],
)
def test_console_is_the_users_own_before_that_of_its_type(user: str, console: Reference | None) -> None:
    assert of(DEFAULTS % user).users["u"].console == console


def test_a_user_has_its_own_groups_and_those_that_name_it_each_once() -> None:
    desired = of(HEAD + "groups:\n  A: {members: [u]}\n  B: {members: [u, v]}\nusers:\n  u: {groups: [B]}\n")
    assert desired.users["u"].groups == (Reference("B", at(6, 16)), Reference("A", at(3, 17)))
    assert desired.users["u"].location == at(6, 3)
    assert desired.users["v"].location == at(4, 20)


def test_several_files_are_one_desired_state() -> None:
    desired = of(
        HEAD + "groups:\n  G: {members: [b]}\n  H: {members: [b, a]}\n",
        HEAD + "groups:\n  G: {required: [s], members: [a]}\nusers: {a: {type: t}}\n",
        HEAD + "policy_sets: {s: {}}\nuser_defaults: {t: {console: any}}\nroot: {}\n",
        HEAD + "groups: {G: {members: [c]}, H: {}}\nignore: [{user: x, reason: y}]\naccount: {id: '123456789012'}\n",
    )
    assert [file.path for file in desired.files] == ["0.yaml", "1.yaml", "2.yaml", "3.yaml"]
    assert list(desired.groups) == ["G", "H"]
    assert desired.groups["G"].location == at(3, 3, "1.yaml")
    assert desired.groups["H"].location == at(4, 3, "0.yaml")
    assert [reference.name for reference in desired.groups["G"].required] == ["s"]
    assert {name: [group.name for group in user.groups] for name, user in desired.users.items()} == {
        "b": ["G", "H"],
        "a": ["H", "G"],
        "c": ["G"],
    }
    assert desired.users["a"].console == Reference("any", at(3, 30, "2.yaml"))
    assert desired.users["c"].location == at(2, 24, "3.yaml")
    assert (desired.account_ids, desired.root.location) == (("123456789012",), at(4, 1, "2.yaml"))
    assert [each.pattern for each in desired.ignore] == ["x"]


ACTIONS = """policy_sets:
  s:
    actions:
      - ec2:RunInstances
      - action: s3:GetObject
        resource: "arn:${partition}:s3:::${account}-logs/*"
        context: {aws:SourceVpc: vpc-1, aws:TagKeys: [a, b]}
users: {u: {required: [s]}}
strict: true
"""


def test_actions_are_read_with_their_resource_and_context() -> None:
    desired = of(HEAD + ACTIONS)
    plain, exact = desired.policy_sets["s"].actions
    assert (plain.action, plain.resource, plain.context) == ("ec2:RunInstances", "*", ())
    assert (plain.location.line, plain.location.column) == (5, 9)
    assert exact.context == (("aws:SourceVpc", ("vpc-1",)), ("aws:TagKeys", ("a", "b")))
    bound = desired.bind(Account("123456789012", "aws-cn")).policy_sets["s"].actions[1]
    assert bound.resource == "arn:aws-cn:s3:::123456789012-logs/*"
    assert desired.strict


def test_a_member_may_stand_in_the_lists_of_several_files(tmp_path: Path) -> None:
    files = [tmp_path / "one.yaml", tmp_path / "two.yaml"]
    for file in files:
        file.write_text(HEAD + "groups: {G: {members: [ada]}}\n")
    user = load_desired([str(file) for file in files]).users["ada"]
    assert [(group.name, group.location.path) for group in user.groups] == [("G", str(files[0]))]


def test_five_thousand_members_are_five_thousand_users() -> None:
    names = [f"user-{number}" for number in range(5000)]
    desired = of(HEAD + "groups:\n  G:\n    members:\n" + "".join(f"      - {name}\n" for name in names))
    assert list(desired.users) == names
    assert desired.users["user-4999"].location == at(5004, 9)
