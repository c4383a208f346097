"""What no schema can say, in one file and in several."""
# ruff: noqa: E501 - a row of a table is one line

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.desired.files import check, loaded, refusal, write

HEAD = "version: 1\n"
WAIVER = HEAD + "waivers:\n  - {%s, reason: r, owner: o, expires: 2027-01-31}\n"
SETS = HEAD + "policy_sets: {reading: {policies: [ReadOnlyAccess]}, billing: {policies: [job-function/Billing]}}\n"
PINNED = HEAD + 'account: {id: ["123456789012", "000000000000"], partition: aws-cn}\ngroups: {G: {}}\npolicy_sets:\n'

TARGETS = HEAD + "targets: {test: {role: audit, %s}}\n"

GOOD = "{Statement: {Effect: Allow, Action: 'a:b', Resource: '*'}}"
OTHER = "{Statement: {Effect: Allow, Action: 'a:c', Resource: '*'}}"
LONG = "{Statement: {Effect: Allow, Action: 'a:%s', Resource: '*'}}"

ONE_NAME = f"""{HEAD}policy_sets:
  a: {{policies: [{{name: logs, document: {GOOD}}}]}}
  b: {{policies: [{{name: Logs, path: /x/, document: {OTHER}}}]}}
"""

Row = tuple[str, str, int, int, str, str]

REFUSED: list[Row] = [
    ("unknown set", SETS + "groups: {G: {required: [readin]}}\n", 3, 25, "policy set `readin` is not declared", "did you mean `reading`?"),
    ("unknown optional set", SETS + "groups: {G: {optional: [zzz]}}\n", 3, 25, "policy set `zzz` is not declared", "are: reading, billing"),
    ("unknown set of a user", SETS + "users: {u: {required: [Reading]}}\n", 3, 24, "policy set `Reading` is not declared", "`reading`?"),
    ("no sets at all", HEAD + "groups: {G: {required: [reading]}}\n", 2, 25, "policy set `reading` is not declared", "there are no policy sets"),
    ("unknown group", HEAD + "users: {u: {groups: [Developrs]}}\ngroups: {Developers: {}}\n", 2, 22, "group `Developrs` is not declared", "`Developers`?"),
    ("unknown type", HEAD + "users: {u: {type: humn}}\nuser_defaults: {human: {}}\n", 2, 19, "type `humn` is not declared", "`human`?"),
    ("set in both lists", SETS + "groups:\n  G:\n    required: [reading]\n    optional: [billing, reading]\n", 6, 25,
     "set `reading` is both required and optional; the first is at", "remove it"),
    ("set in both lists, the other way", SETS + "users:\n  u:\n    optional: [reading]\n    required: [reading]\n", 6, 16, ":5:16", "remove it"),
    ("policy twice", HEAD + "policy_sets:\n  a: {policies: [X, Y, X]}\n", 3, 24, "duplicate policy `X` of set `a`; the first is at", "remove one"),
    ("policy in two spellings", HEAD + "policy_sets:\n  a: {policies: [X, 'arn:aws:iam::aws:policy/X']}\n", 3, 21, "policy `X` of set `a`", "remove one"),
    ("own policy in two spellings", HEAD + "policy_sets:\n  a:\n    policies: ['customer:t/X', 'arn:${partition}:iam::${account}:policy/t/X']\n", 4, 32, "`customer:t/X`", "remove one"),
    ("own policies of one name", ONE_NAME, 4, 18,
     "the policies `customer:logs` and `customer:x/Logs` cannot both exist; the first is at", "ignoring path and case"),
    ("users of another case", HEAD + "users:\n  Ada: {}\n  ada: {}\n", 4, 3, "the users `Ada` and `ada` differ only in case; the first is at", "ignoring case"),
    ("member of another case", HEAD + "groups:\n  A: {members: [ada]}\n  B: {members: [ADA]}\n", 4, 17, "`ada` and `ADA`", "the same spelling"),
    ("member and user", HEAD + "users:\n  Ada: {}\ngroups:\n  A: {members: [ada]}\n", 3, 3, "`ada` and `Ada`", "the same spelling"),
    ("groups of another case", HEAD + "groups:\n  Admins: {}\n  admins: {}\n", 4, 3, "the groups `Admins` and `admins`", "the same spelling"),
    ("sets of another case", HEAD + "policy_sets:\n  A: {}\n  a: {}\n", 4, 3, "the policy sets `A` and `a`", "the same spelling"),
    ("root as a user", HEAD + "users:\n  root: {}\n", 3, 3, "root is not an IAM user", "top-level key `root`"),
    ("root as a member", HEAD + "groups: {G: {members: [Root]}}\n", 2, 24, "root is not an IAM user", "top-level key `root`"),
    ("set listed twice", SETS + "groups: {G: {required: [reading, reading]}}\n", 3, 34, "duplicate `reading`; the first is at", "remove one"),
    ("optional set listed twice", SETS + "groups: {G: {optional: [reading, reading]}}\n", 3, 34, "duplicate `reading`", "remove one"),
    ("member listed twice", HEAD + "groups: {G: {members: [a, b, a]}}\n", 2, 30, "duplicate `a`; the first is at", "remove one"),
    ("group listed twice", HEAD + "groups: {G: {}}\nusers: {u: {groups: [G, G]}}\n", 3, 25, "duplicate `G`", "remove one"),
    ("account listed twice", HEAD + "root: {}\naccount: {id: ['123456789012', '123456789012']}\n", 3, 32, "duplicate `123456789012`", "remove one"),
    ("ignored twice", HEAD + "root: {}\nignore:\n- {user: a, reason: x}\n- {role: a, reason: x}\n- {user: a, reason: y}\n", 6, 3, "duplicate user `a`", "remove one"),
    ("account id without quotes", HEAD + "root: {}\naccount: {id: 123456789012}\n", 3, 15, "has no quotes", 'write "123456789012"'),
    ("account id that is octal", HEAD + "root: {}\naccount: {id: 012345670123}\n", 3, 15, "has no quotes", 'write "012345670123"'),
    ("account id without quotes in a list", HEAD + "root: {}\naccount: {id: ['123456789012', 123456789013]}\n", 3, 32, "quotes", 'write "123456789013"'),
    ("policy of another partition", PINNED + "  a: {policies: ['arn:aws:iam::aws:policy/X']}\n", 5, 18, "is in partition aws, but `account` is in aws-cn", "${partition}"),
    ("policy of another account", PINNED + "  a: {policies: ['arn:aws-cn:iam::999999999999:policy/X']}\n", 5, 18, "is in account 999999999999", "${account}"),
    ("service-linked", HEAD + "policy_sets:\n  a: {policies: [aws-service-role/X]}\n", 3, 18, "`aws-service-role/X` is for service-linked roles only", "remove it"),
    ("service-linked by ARN", HEAD + "policy_sets:\n  a: {policies: ['arn:aws:iam::aws:policy/aws-service-role/X']}\n", 3, 18, "service-linked roles only", "no other role, user or group"),
    ("boundary of another account", HEAD + 'account: {id: "123456789012"}\nusers: {u: {boundary: "arn:aws:iam::999999999999:policy/X"}}\n', 3, 23, "in account 999999999999", "${account}"),
    ("unknown target", TARGETS % 'accounts: ["123456789012"]' + "groups: {G: {targets: [tes]}}\n", 3, 24, "target `tes` is not declared", "`test`?"),
    ("unknown target of a waiver", TARGETS % 'accounts: ["123456789012"]' + (WAIVER % "rule: policy-missing, targets: [x]").removeprefix(HEAD), 4, 38, "target `x` is not declared", "test"),
    ("target twice in a list", TARGETS % 'accounts: ["123456789012"]' + "users: {u: {targets: [test, test]}}\n", 3, 29, "duplicate `test`", "remove one"),
    ("target without accounts", TARGETS % "external_id: abc" + "groups: {G: {}}\n", 2, 11, "target `test` has no accounts", "`accounts`"),
    ("target with both", TARGETS % 'accounts: ["123456789012"], ou: r-abcd' + "groups: {G: {}}\n", 2, 11, "has both `accounts` and `ou` or `tag`", "`ou`"),
    ("target that excludes what it lists", TARGETS % 'accounts: ["123456789012"], exclude: ["123456789012"]' + "groups: {G: {}}\n", 2, 59, "has both `accounts` and `exclude`", "remove the accounts"),
    ("account of a target without quotes", TARGETS % "accounts: [123456789012]" + "groups: {G: {}}\n", 2, 42, "has no quotes", 'write "123456789012"'),
    ("excluded account without quotes", TARGETS % "ou: r-abcd, exclude: [123456789012]" + "groups: {G: {}}\n", 2, 53, "has no quotes", 'write "123456789012"'),
    ("account twice in a target", TARGETS % 'accounts: ["123456789012", "123456789012"]' + "groups: {G: {}}\n", 2, 58, "duplicate `123456789012`", "remove one"),
    ("account of another role elsewhere", HEAD + 'targets:\n  a: {accounts: ["123456789012"], role: x}\n  b: {accounts: ["123456789012"], role: y}\ngroups: {G: {}}\n', 4, 18,
     "account 123456789012 has another role or external id in target `a`", "the same `role`"),
    ("account that the pin does not have", HEAD + 'account: {id: "000000000001"}\ntargets: {a: {accounts: ["123456789012"], role: x}}\ngroups: {G: {}}\n', 3, 26,
     "account 123456789012 is not in `account`", "add it to `account`"),
    ("root waived", WAIVER % "rule: root-used", 3, 12, "findings of `root-used` cannot be waived", "root"),
    ("caller waived", WAIVER % "rule: caller-is-root", 3, 12, "findings of `caller-is-root` cannot be waived", "root"),
    ("unread waived", WAIVER % "rule: not-checked", 3, 12, "findings of `not-checked` cannot be waived", "unread facts"),
    ("guards waived", WAIVER % "rule: protected-used", 3, 12, "findings of `protected-used` cannot be waived", "protected"),
    ("waiver waived", WAIVER % "rule: waiver-expired", 3, 12, "findings of `waiver-expired` cannot be waived", "waivers"),
    ("policy of none", WAIVER % "rule: user-missing, policy: X", 3, 34, "findings of `user-missing` are not about a policy", "`subject`"),
    ("no such day", HEAD + "waivers: [{rule: user-missing, reason: r, owner: o, expires: 2027-02-30}]\n", 2, 62, "`2027-02-30` is not a day of the calendar", "correct the date"),
    ("waived twice", WAIVER % "rule: user-missing" + "  - {rule: user-missing, subject: '*', reason: q, owner: p, expires: 2028-01-31}\n", 4, 5, "duplicate waiver of `user-missing`; the first is at", "remove one"),
    ("ignored user", HEAD + "users: {ci-1: {}}\nignore: [{user: 'ci-*', reason: x}]\n", 2, 9, "user `ci-1` is declared, but ignored at", "remove one of the two"),
    ("ignored member", HEAD + "groups: {G: {members: [ada]}}\nignore: [{group: ada, reason: x}, {user: '*', reason: x}]\n", 2, 24, ":3:35", "one of the two"),
    ("ignored group", HEAD + "groups: {G: {}}\nignore: [{user: G, reason: x}, {group: G, reason: x}]\n", 2, 10, "group `G` is declared, but ignored", "one of the two"),
    ("role twice in another case", HEAD + "roles: {App: {}, app: {}}\n", 2, 18, "the roles `App` and `app` differ only in case", "the same spelling"),
    ("unknown set of a role", SETS + "roles: {app: {required: [readin]}}\n", 3, 26, "policy set `readin` is not declared", "`reading`?"),
    ("role of Identity Center", HEAD + "roles: {AWSReservedSSO_Admin_1: {}}\n", 2, 9, "belongs to an AWS service or to Identity Center", "remove it"),
    ("role of a service", HEAD + "roles: {Auto: {path: /aws-service-role/autoscaling.amazonaws.com/}}\n", 2, 9, "belongs to an AWS service", "add it to `ignore`"),
    ("ignored role", HEAD + "roles: {app: {}}\nignore: [{role: 'a*', reason: x}]\n", 2, 9, "role `app` is declared, but ignored", "one of the two"),
    ("policy with its name only", HEAD + "policy_sets: {a: {policies: [{name: X}]}}\n", 2, 30, "the policy has none of `version`, `document` and `file`", "to pin"),
    ("policy with too much", HEAD + "policy_sets: {a: {policies: [{name: X, version: v1, document: {Statement: {Effect: Allow, Action: 'a:b', Resource: '*'}}}]}}\n", 2, 30,
     "the policy has more than one of", "`document` or `file`"),
    ("own policy that is pinned", HEAD + "policy_sets: {a: {policies: [{name: 'customer:X', version: v1}]}}\n", 2, 30, "only AWS managed policies can be pinned", "`document`"),
    ("own policy with a path in its name", HEAD + f"policy_sets: {{a: {{policies: [{{name: t/X, document: {GOOD}}}]}}}}\n", 2, 30, "`t/X` is not the plain name", "`path`"),
    ("own policy twice", HEAD + f"policy_sets: {{a: {{policies: ['customer:t/X', {{name: X, path: /t/, document: {GOOD}}}]}}}}\n", 2, 46, "policy `customer:t/X` of set `a`", "remove one"),
    ("one policy, two documents", HEAD + f"policy_sets:\n  a: {{policies: [{{name: X, document: {GOOD}}}]}}\n  b: {{policies: [{{name: X, document: {OTHER}}}]}}\n", 4, 18,
     "policy `customer:X` has another document or version at", "in both places"),
    ("one policy, two versions", HEAD + "policy_sets:\n  a: {policies: [{name: X, version: v1}]}\n  b: {policies: [{name: X, version: v2}]}\n", 4, 18, "policy `X` has another document or version at", "in both places"),
    ("principal in a policy", HEAD + "users: {u: {inline: {x: {Statement: [{Effect: Allow, Action: '*', Resource: '*', Principal: '*'}]}}}}\n", 2, 38,
     "Statement[0]: a policy of a user, group or role needs a Resource and has no Principal", "is the principal"),
    ("policy without a resource", HEAD + "users: {u: {inline: {x: {Statement: {Effect: Allow, Action: '*'}}}}}\n", 2, 37, "needs a Resource and has no Principal", "principal"),
    ("statement without an action", HEAD + "users: {u: {inline: {x: {Statement: [{Effect: Allow, Resource: '*'}]}}}}\n", 2, 38, "neither Action nor NotAction", "grammar"),
    ("trust that names no principal", HEAD + "roles: {r: {trust: {Statement: {Effect: Deny, Action: 'sts:AssumeRole', NotPrincipal: {AWS: '123456789012'}}}}}\n", 2, 87, "Statement[0]: a trust policy cannot have NotPrincipal", "aws:PrincipalArn"),
    ("trust without a principal", HEAD + "roles: {r: {trust: {Statement: {Effect: Allow, Action: 'sts:AssumeRole'}}}}\n", 2, 32, "a trust policy needs a Principal and has no Resource", "the resource"),
    ("long policy", HEAD + f"policy_sets: {{a: {{policies: [{{name: X, document: {LONG % ('b' * 6100)}}}]}}}}\n", 2, 50, "the document has 6,", "several"),
    ("long inline policies of a user", HEAD + f"users: {{u: {{inline: {{x: {LONG % ('b' * 1000)}, y: {LONG % ('b' * 1000)}}}}}}}\n", 2, 9, "at most 2,048 for a user", "managed"),
    ("limits of one user", HEAD + "users: {u: {access_keys: {min_active: 2, max_active: 1}}}\n", 2, 26, "min_active 2 is more than max_active 1", "user_defaults"),
    ("limits of a type", HEAD + "users: {u: {}}\nuser_defaults: {t: {access_keys: {min_active: 1, max_active: 0}}}\n", 3, 34, "min_active 1 is more than max_active 0", "user_defaults"),
    ("limits of both", HEAD + "users: {u: {type: t, access_keys: {max_active: 0}}}\nuser_defaults: {t: {access_keys: {min_active: 1}}}\n", 2, 35,
     "min_active 1 is more than max_active 0", "user_defaults"),
    ("nothing", HEAD, 1, 1, "nothing is declared", "declare a group, a user or a role"),
    ("sets that nobody uses", SETS, 1, 1, "nothing is declared", "`closed:`"),
    ("nothing closed", HEAD + "closed: {users: false}\n", 1, 1, "nothing is declared", "`closed:`"),
    ("empty mappings", HEAD + "users: {}\ngroups: {}\naccount: {}\nignore: []\n", 1, 1, "nothing is declared", "`root:`"),
    ("the first of two by place", HEAD + "users: {u: {groups: [G]}}\ngroups: {root: {}, Root: {}}\n", 2, 22, "group `G` is not declared", "are: root, Root"),
]  # fmt: skip


@pytest.mark.parametrize("row", REFUSED, ids=[row[0] for row in REFUSED])
def test_what_contradicts_itself_is_refused_at_its_place(tmp_path: Path, row: Row) -> None:
    _, content, *expected = row
    check(refusal(write(tmp_path, content)), *expected)


@pytest.mark.parametrize(
    "content",
    [
        ONE_NAME + TARGETS.removeprefix(HEAD) % 'accounts: ["123456789012"]' + "groups: {G: {required: [a]}}\n",
        HEAD + "root: {}\n",
        HEAD + "closed: {groups: true}\n",
        HEAD + "users: {u: {}}\n",
        HEAD + "groups: {G: {}}\n",
        HEAD + "groups: {a: {members: [a]}}\npolicy_sets: {A: {}}\n",
        PINNED + "  a: {policies: ['arn:aws-cn:iam::000000000000:policy/X', 'arn:${partition}:iam::aws:policy/X']}\n",
        PINNED + "  a: {policies: ['customer:aws-service-role/X']}\n",
        HEAD + "users: {u: {access_keys: {min_active: 1, max_active: 1}}, v: {access_keys: {min_active: 1}}}\n",
        HEAD + "users: {u: {}}\nignore: [{role: '*', reason: x}, {user: 'u?', reason: x}]\n".replace("?", "1"),
        HEAD
        + f"groups: {{G: {{}}}}\npolicy_sets: {{a: {{policies: [{{name: X, document: {GOOD}}}]}}, b: {{policies: [{{name: X, document: {GOOD}}}]}}}}\n",
        HEAD + f"roles: {{r: {{inline: {{x: {LONG % ('b' * 10000)}}}}}}}\n",
        HEAD + "roles: {r: {trust: {Statement: [{Effect: Allow, Action: 'sts:AssumeRole', Principal: '*'}]}}}\n",
        WAIVER % "rule: policy-missing, policy: ReadOnlyAccess"
        + "  - {rule: policy-missing, policy: customer:ReadOnlyAccess, reason: r, owner: o, expires: 2027-01-31}\n"
        + "root: {}\n",
        SETS + "groups: {G: {required: [reading], members: [u]}}\nusers: {u: {groups: [G], required: [reading]}}\n",
    ],
)
def test_what_only_looks_like_a_contradiction_is_taken(tmp_path: Path, content: str) -> None:
    assert loaded(tmp_path, content).files


# --- several files

REFUSED_TOGETHER: list[tuple[str, str, str, int, int, str]] = [
    ("group defined twice", "groups: {G: {owner: a}}\n", "groups: {G: {path: /}}\n", 2, 10, "duplicate group `G`"),
    ("set twice", "policy_sets: {s: {}}\nroot: {}\n", "policy_sets: {s: {}}\n", 2, 15, "duplicate policy set `s`"),
    ("user twice", "users: {u: {}}\n", "users: {u: {}}\n", 2, 9, "duplicate user `u`"),
    ("defaults twice", "user_defaults: {a: {}}\nroot: {}\n", "user_defaults: {b: {}}\n", 2, 1, "duplicate `user_defaults`"),
    ("root twice", "root: {}\n", "root: {mfa: any}\n", 2, 1, "duplicate `root`"),
    ("account twice", "account: {}\nroot: {}\n", "account: {}\n", 2, 1, "duplicate `account`"),
    ("closed twice", "closed: {users: true}\n", "closed: {groups: true}\n", 2, 1, "duplicate `closed`"),
    ("ignored twice", "root: {}\nignore: [{user: a, reason: x}]\n", "ignore: [{user: a, reason: y}]\n", 2, 10, "duplicate user `a`"),
    ("case of a group", "groups: {G: {}}\n", "groups: {g: {members: [a]}}\n", 2, 10, "the groups `G` and `g`"),
    ("case of a member", "groups: {G: {members: [a]}}\n", "groups: {G: {members: [A]}}\n", 2, 24, "the users `a` and `A`"),
    ("role twice", "roles: {r: {}}\n", "roles: {r: {}}\n", 2, 9, "duplicate role `r`"),
    ("waived twice", WAIVER.removeprefix(HEAD) % "rule: user-missing", WAIVER.removeprefix(HEAD) % "rule: user-missing", 3, 5, "duplicate waiver of `user-missing`"),
    ("ignored elsewhere", "ignore: [{user: a, reason: x}]\n", "users: {a: {}}\n", 2, 9, "user `a` is declared, but ignored"),
]  # fmt: skip


@pytest.mark.parametrize("row", REFUSED_TOGETHER, ids=[row[0] for row in REFUSED_TOGETHER])
def test_what_stands_in_two_files_is_refused_with_both_places(
    tmp_path: Path, row: tuple[str, str, str, int, int, str]
) -> None:
    _, first, second, *expected = row
    paths = write(tmp_path, HEAD + first, "z.yaml"), write(tmp_path, HEAD + second, "a.yaml")
    error = refusal(*paths)
    check(error, *expected)
    assert error.location is not None
    assert error.location.path == paths[1]
    assert "z.yaml:" in error.message


def test_of_two_errors_the_one_of_the_earlier_file_is_told(tmp_path: Path) -> None:
    paths = [
        write(tmp_path, HEAD + "\n\nusers: {root: {}}\n", "z.yaml"),
        write(tmp_path, HEAD + "users: {u: {groups: [G]}}\n", "a.yaml"),
    ]
    check(refusal(*paths), 4, 9, "root is not an IAM user", "root")
    check(refusal(*reversed(paths)), 2, 22, "group `G` is not declared", "no groups")


def test_the_same_file_by_two_names_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, HEAD + "root: {}\n")
    os.link(path, tmp_path / "link.yaml")
    check(refusal(path, str(tmp_path / "link.yaml")), 1, 1, "named twice", "name it once")
    check(refusal(path, path), 1, 1, "named twice", "name it once")


def test_nothing_declared_is_judged_over_all_files(tmp_path: Path) -> None:
    assert loaded(tmp_path, SETS, HEAD + "groups: {G: {required: [reading]}}\n").groups["G"].required
    error = refusal(str(tmp_path / "0.yaml"))
    check(error, 1, 1, "nothing is declared", "group")


def test_hostile_names_are_inert_and_short_in_messages(tmp_path: Path) -> None:
    name = "\u00e9\U000e0041"
    error = refusal(write(tmp_path, HEAD + f"# {name}\n", f"{name}.yaml"))
    check(error, 2, 4, "U+E0041", "hide or reorder")


def test_a_pattern_of_many_stars_is_judged_soon(tmp_path: Path) -> None:
    content = HEAD + f"users: {{{'a' * 64}: {{}}}}\nignore: [{{user: '{'*a' * 40}b', reason: x}}]\n"
    assert loaded(tmp_path, content).users
