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

Row = tuple[str, str, int, int, str, str]

REFUSED: list[Row] = [
    ("unknown set", SETS + "groups: {G: {required: [readin]}}\n", 3, 25, "there is no policy set `readin`", "did you mean `reading`?"),
    ("unknown optional set", SETS + "groups: {G: {optional: [zzz]}}\n", 3, 25, "there is no policy set `zzz`", "are: reading, billing"),
    ("unknown set of a user", SETS + "users: {u: {required: [Reading]}}\n", 3, 24, "no policy set `Reading`", "`reading`?"),
    ("no sets at all", HEAD + "groups: {G: {required: [reading]}}\n", 2, 25, "no policy set `reading`", "there are no policy sets"),
    ("unknown group", HEAD + "users: {u: {groups: [Developrs]}}\ngroups: {Developers: {}}\n", 2, 22, "no group `Developrs`", "`Developers`?"),
    ("unknown type", HEAD + "users: {u: {type: humn}}\nuser_defaults: {human: {}}\n", 2, 19, "no type `humn`", "`human`?"),
    ("set in both lists", SETS + "groups:\n  G:\n    required: [reading]\n    optional: [billing, reading]\n", 6, 25,
     "set `reading` is both required and optional; the first is at", "take it out"),
    ("set in both lists, the other way", SETS + "users:\n  u:\n    optional: [reading]\n    required: [reading]\n", 6, 16, ":5:16", "take it out"),
    ("policy twice", HEAD + "policy_sets:\n  a: {policies: [X, Y, X]}\n", 3, 24, "policy `X` of set `a` stands here twice, first at", "leave one"),
    ("policy in two spellings", HEAD + "policy_sets:\n  a: {policies: [X, 'arn:aws:iam::aws:policy/X']}\n", 3, 21, "policy `X` of set `a`", "leave one"),
    ("own policy in two spellings", HEAD + "policy_sets:\n  a:\n    policies: ['customer:t/X', 'arn:${partition}:iam::${account}:policy/t/X']\n", 4, 32, "`customer:t/X`", "leave one"),
    ("users of another case", HEAD + "users:\n  Ada: {}\n  ada: {}\n", 4, 3, "the users `Ada` and `ada` differ in case only; the first is at", "ignoring case"),
    ("member of another case", HEAD + "groups:\n  A: {members: [ada]}\n  B: {members: [ADA]}\n", 4, 17, "`ada` and `ADA`", "spell both"),
    ("member and user", HEAD + "users:\n  Ada: {}\ngroups:\n  A: {members: [ada]}\n", 3, 3, "`ada` and `Ada`", "spell both"),
    ("groups of another case", HEAD + "groups:\n  Admins: {}\n  admins: {}\n", 4, 3, "the groups `Admins` and `admins`", "spell both"),
    ("sets of another case", HEAD + "policy_sets:\n  A: {}\n  a: {}\n", 4, 3, "the policy sets `A` and `a`", "spell both"),
    ("root as a user", HEAD + "users:\n  root: {}\n", 3, 3, "root is not an IAM user", "top key `root`"),
    ("root as a member", HEAD + "groups: {G: {members: [Root]}}\n", 2, 24, "root is not an IAM user", "top key `root`"),
    ("set listed twice", SETS + "groups: {G: {required: [reading, reading]}}\n", 3, 34, "`reading` stands here twice, first at", "leave one"),
    ("optional set listed twice", SETS + "groups: {G: {optional: [reading, reading]}}\n", 3, 34, "`reading` stands here twice", "leave one"),
    ("member listed twice", HEAD + "groups: {G: {members: [a, b, a]}}\n", 2, 30, "`a` stands here twice, first at", "leave one"),
    ("group listed twice", HEAD + "groups: {G: {}}\nusers: {u: {groups: [G, G]}}\n", 3, 25, "`G` stands here twice", "leave one"),
    ("account listed twice", HEAD + "root: {}\naccount: {id: ['123456789012', '123456789012']}\n", 3, 32, "`123456789012` stands here twice", "leave one"),
    ("ignored twice", HEAD + "root: {}\nignore:\n- {user: a, reason: x}\n- {role: a, reason: x}\n- {user: a, reason: y}\n", 6, 3, "user `a` stands here twice", "leave one"),
    ("account id without quotes", HEAD + "root: {}\naccount: {id: 123456789012}\n", 3, 15, "stands without quotes", 'write "123456789012"'),
    ("account id that is octal", HEAD + "root: {}\naccount: {id: 012345670123}\n", 3, 15, "stands without quotes", 'write "012345670123"'),
    ("account id without quotes in a list", HEAD + "root: {}\naccount: {id: ['123456789012', 123456789013]}\n", 3, 32, "quotes", 'write "123456789013"'),
    ("policy of another partition", PINNED + "  a: {policies: ['arn:aws:iam::aws:policy/X']}\n", 5, 18, "is of partition aws, and `account` says aws-cn", "${partition}"),
    ("policy of another account", PINNED + "  a: {policies: ['arn:aws-cn:iam::999999999999:policy/X']}\n", 5, 18, "is of account 999999999999", "${account}"),
    ("service-linked", HEAD + "policy_sets:\n  a: {policies: [aws-service-role/X]}\n", 3, 18, "`aws-service-role/X` is for service-linked roles only", "remove it"),
    ("service-linked by ARN", HEAD + "policy_sets:\n  a: {policies: ['arn:aws:iam::aws:policy/aws-service-role/X']}\n", 3, 18, "service-linked roles only", "no user or group"),
    ("boundary of another account", HEAD + 'account: {id: "123456789012"}\nusers: {u: {boundary: "arn:aws:iam::999999999999:policy/X"}}\n', 3, 23, "of account 999999999999", "${account}"),
    ("unknown target", TARGETS % 'accounts: ["123456789012"]' + "groups: {G: {targets: [tes]}}\n", 3, 24, "there is no target `tes`", "`test`?"),
    ("unknown target of a waiver", TARGETS % 'accounts: ["123456789012"]' + (WAIVER % "rule: policy-missing, targets: [x]").removeprefix(HEAD), 4, 38, "no target `x`", "test"),
    ("target twice in a list", TARGETS % 'accounts: ["123456789012"]' + "users: {u: {targets: [test, test]}}\n", 3, 29, "`test` stands here twice", "leave one"),
    ("target without accounts", TARGETS % "external_id: abc" + "groups: {G: {}}\n", 2, 11, "target `test` names no accounts", "`accounts`"),
    ("target with both", TARGETS % 'accounts: ["123456789012"], ou: r-abcd' + "groups: {G: {}}\n", 2, 11, "its accounts twice over", "`ou`"),
    ("target that excludes what it lists", TARGETS % 'accounts: ["123456789012"], exclude: ["123456789012"]' + "groups: {G: {}}\n", 2, 59, "excludes some", "leave them out"),
    ("account of a target without quotes", TARGETS % "accounts: [123456789012]" + "groups: {G: {}}\n", 2, 42, "stands without quotes", 'write "123456789012"'),
    ("excluded account without quotes", TARGETS % "ou: r-abcd, exclude: [123456789012]" + "groups: {G: {}}\n", 2, 53, "stands without quotes", 'write "123456789012"'),
    ("account twice in a target", TARGETS % 'accounts: ["123456789012", "123456789012"]' + "groups: {G: {}}\n", 2, 58, "stands here twice", "leave one"),
    ("account of another role elsewhere", HEAD + 'targets:\n  a: {accounts: ["123456789012"], role: x}\n  b: {accounts: ["123456789012"], role: y}\ngroups: {G: {}}\n', 4, 18,
     "account 123456789012 is reached by another role in target `a`", "the same `role`"),
    ("account that the pin does not have", HEAD + 'account: {id: "000000000001"}\ntargets: {a: {accounts: ["123456789012"], role: x}}\ngroups: {G: {}}\n', 3, 26,
     "not one of those that `account` says", "add it there"),
    ("root waived", WAIVER % "rule: root-used", 3, 12, "findings of `root-used` cannot be waived", "root"),
    ("caller waived", WAIVER % "rule: caller-is-root", 3, 12, "findings of `caller-is-root` cannot be waived", "root"),
    ("unread waived", WAIVER % "rule: not-checked", 3, 12, "findings of `not-checked` cannot be waived", "not read"),
    ("guards waived", WAIVER % "rule: protected-used", 3, 12, "findings of `protected-used` cannot be waived", "protected"),
    ("waiver waived", WAIVER % "rule: waiver-expired", 3, 12, "findings of `waiver-expired` cannot be waived", "waivers"),
    ("policy of none", WAIVER % "rule: user-missing, policy: X", 3, 34, "findings of `user-missing` are about no policy", "`subject`"),
    ("no such day", HEAD + "waivers: [{rule: user-missing, reason: r, owner: o, expires: 2027-02-30}]\n", 2, 62, "the calendar has no day `2027-02-30`", "correct it"),
    ("waived twice", WAIVER % "rule: user-missing" + "  - {rule: user-missing, subject: '*', reason: q, owner: p, expires: 2028-01-31}\n", 4, 5, "this waiver of `user-missing` stands here twice, first at", "leave one"),
    ("ignored user", HEAD + "users: {ci-1: {}}\nignore: [{user: 'ci-*', reason: x}]\n", 2, 9, "user `ci-1` is declared, and ignored at", "one of the two"),
    ("ignored member", HEAD + "groups: {G: {members: [ada]}}\nignore: [{group: ada, reason: x}, {user: '*', reason: x}]\n", 2, 24, ":3:35", "one of the two"),
    ("ignored group", HEAD + "groups: {G: {}}\nignore: [{user: G, reason: x}, {group: G, reason: x}]\n", 2, 10, "group `G` is declared, and ignored", "one of the two"),
    ("role twice in another case", HEAD + "roles: {App: {}, app: {}}\n", 2, 18, "the roles `App` and `app` differ in case only", "spell both"),
    ("unknown set of a role", SETS + "roles: {app: {required: [readin]}}\n", 3, 26, "there is no policy set `readin`", "`reading`?"),
    ("role of Identity Center", HEAD + "roles: {AWSReservedSSO_Admin_1: {}}\n", 2, 9, "is Identity Center's or an AWS service's own", "take it out"),
    ("role of a service", HEAD + "roles: {Auto: {path: /aws-service-role/autoscaling.amazonaws.com/}}\n", 2, 9, "an AWS service's own", "ignore it"),
    ("ignored role", HEAD + "roles: {app: {}}\nignore: [{role: 'a*', reason: x}]\n", 2, 9, "role `app` is declared, and ignored", "one of the two"),
    ("policy with its name only", HEAD + "policy_sets: {a: {policies: [{name: X}]}}\n", 2, 30, "of `version`, `document` and `file`, there is none here", "pins"),
    ("policy with too much", HEAD + "policy_sets: {a: {policies: [{name: X, version: v1, document: {Statement: {Effect: Allow, Action: 'a:b', Resource: '*'}}}]}}\n", 2, 30,
     "there is more than one here", "`document` or `file`"),
    ("own policy that is pinned", HEAD + "policy_sets: {a: {policies: [{name: 'customer:X', version: v1}]}}\n", 2, 30, "only AWS's own policies are pinned", "`document`"),
    ("own policy with a path in its name", HEAD + f"policy_sets: {{a: {{policies: [{{name: t/X, document: {GOOD}}}]}}}}\n", 2, 30, "`t/X` is not the bare name", "`path`"),
    ("own policy twice", HEAD + f"policy_sets: {{a: {{policies: ['customer:t/X', {{name: X, path: /t/, document: {GOOD}}}]}}}}\n", 2, 46, "policy `customer:t/X` of set `a`", "leave one"),
    ("one policy, two documents", HEAD + f"policy_sets:\n  a: {{policies: [{{name: X, document: {GOOD}}}]}}\n  b: {{policies: [{{name: X, document: {OTHER}}}]}}\n", 4, 18,
     "policy `customer:X` is another one at", "both alike"),
    ("one policy, two versions", HEAD + "policy_sets:\n  a: {policies: [{name: X, version: v1}]}\n  b: {policies: [{name: X, version: v2}]}\n", 4, 18, "`X` is another one at", "both alike"),
    ("principal in a policy", HEAD + "users: {u: {inline: {x: {Statement: [{Effect: Allow, Action: '*', Resource: '*', Principal: '*'}]}}}}\n", 2, 38,
     "Statement[0]: a policy of a user, group or role says on what", "is the principal"),
    ("policy without a resource", HEAD + "users: {u: {inline: {x: {Statement: {Effect: Allow, Action: '*'}}}}}\n", 2, 37, "says on what, in Resource", "principal"),
    ("statement without an action", HEAD + "users: {u: {inline: {x: {Statement: [{Effect: Allow, Resource: '*'}]}}}}\n", 2, 38, "neither Action nor NotAction", "grammar"),
    ("trust without a principal", HEAD + "roles: {r: {trust: {Statement: {Effect: Allow, Action: 'sts:AssumeRole'}}}}\n", 2, 32, "a trust policy says who", "the resource"),
    ("long policy", HEAD + f"policy_sets: {{a: {{policies: [{{name: X, document: {LONG % ('b' * 6100)}}}]}}}}\n", 2, 50, "this document is of 6,", "several"),
    ("long inline policies of a user", HEAD + f"users: {{u: {{inline: {{x: {LONG % ('b' * 1000)}, y: {LONG % ('b' * 1000)}}}}}}}\n", 2, 9, "may have 2,048 characters", "managed"),
    ("limits of one user", HEAD + "users: {u: {access_keys: {min_active: 2, max_active: 1}}}\n", 2, 26, "min_active 2 is more than max_active 1", "user_defaults"),
    ("limits of a type", HEAD + "users: {u: {}}\nuser_defaults: {t: {access_keys: {min_active: 1, max_active: 0}}}\n", 3, 34, "min_active 1 is more than max_active 0", "user_defaults"),
    ("limits of both", HEAD + "users: {u: {type: t, access_keys: {max_active: 0}}}\nuser_defaults: {t: {access_keys: {min_active: 1}}}\n", 2, 35,
     "min_active 1 is more than max_active 0", "user_defaults"),
    ("nothing", HEAD, 1, 1, "nothing is declared here", "declare a group, a user or a role"),
    ("sets that nobody uses", SETS, 1, 1, "nothing is declared here", "`closed:`"),
    ("nothing closed", HEAD + "closed: {users: false}\n", 1, 1, "nothing is declared here", "`closed:`"),
    ("empty mappings", HEAD + "users: {}\ngroups: {}\naccount: {}\nignore: []\n", 1, 1, "nothing is declared here", "`root:`"),
    ("the first of two by place", HEAD + "users: {u: {groups: [G]}}\ngroups: {root: {}, Root: {}}\n", 2, 22, "there is no group `G`", "are: root, Root"),
]  # fmt: skip


@pytest.mark.parametrize("row", REFUSED, ids=[row[0] for row in REFUSED])
def test_what_contradicts_itself_is_refused_at_its_place(tmp_path: Path, row: Row) -> None:
    _, content, *expected = row
    check(refusal(write(tmp_path, content)), *expected)


@pytest.mark.parametrize(
    "content",
    [
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
    ("group defined twice", "groups: {G: {owner: a}}\n", "groups: {G: {path: /}}\n", 2, 10, "group `G` stands here twice"),
    ("set twice", "policy_sets: {s: {}}\nroot: {}\n", "policy_sets: {s: {}}\n", 2, 15, "policy set `s` stands here twice"),
    ("user twice", "users: {u: {}}\n", "users: {u: {}}\n", 2, 9, "user `u` stands here twice"),
    ("defaults twice", "user_defaults: {a: {}}\nroot: {}\n", "user_defaults: {b: {}}\n", 2, 1, "`user_defaults` stands here twice"),
    ("root twice", "root: {}\n", "root: {mfa: any}\n", 2, 1, "`root` stands here twice"),
    ("account twice", "account: {}\nroot: {}\n", "account: {}\n", 2, 1, "`account` stands here twice"),
    ("closed twice", "closed: {users: true}\n", "closed: {groups: true}\n", 2, 1, "`closed` stands here twice"),
    ("ignored twice", "root: {}\nignore: [{user: a, reason: x}]\n", "ignore: [{user: a, reason: y}]\n", 2, 10, "user `a` stands here twice"),
    ("case of a group", "groups: {G: {}}\n", "groups: {g: {members: [a]}}\n", 2, 10, "the groups `G` and `g`"),
    ("case of a member", "groups: {G: {members: [a]}}\n", "groups: {G: {members: [A]}}\n", 2, 24, "the users `a` and `A`"),
    ("role twice", "roles: {r: {}}\n", "roles: {r: {}}\n", 2, 9, "role `r` stands here twice"),
    ("waived twice", WAIVER.removeprefix(HEAD) % "rule: user-missing", WAIVER.removeprefix(HEAD) % "rule: user-missing", 3, 5, "this waiver of `user-missing` stands here twice"),
    ("ignored elsewhere", "ignore: [{user: a, reason: x}]\n", "users: {a: {}}\n", 2, 9, "user `a` is declared, and ignored"),
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
    check(refusal(*reversed(paths)), 2, 22, "there is no group `G`", "no groups")


def test_the_same_file_by_two_names_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, HEAD + "root: {}\n")
    os.link(path, tmp_path / "link.yaml")
    check(refusal(path, str(tmp_path / "link.yaml")), 1, 1, "given twice", "name it once")
    check(refusal(path, path), 1, 1, "given twice", "name it once")


def test_nothing_declared_is_judged_over_all_files(tmp_path: Path) -> None:
    assert loaded(tmp_path, SETS, HEAD + "groups: {G: {required: [reading]}}\n").groups["G"].required
    error = refusal(str(tmp_path / "0.yaml"))
    check(error, 1, 1, "nothing is declared here", "group")


def test_hostile_names_are_inert_and_short_in_messages(tmp_path: Path) -> None:
    name = "\u00e9\U000e0041"
    error = refusal(write(tmp_path, HEAD + f"# {name}\n", f"{name}.yaml"))
    check(error, 2, 4, "U+E0041", "hide or reorder")


def test_a_pattern_of_many_stars_is_judged_soon(tmp_path: Path) -> None:
    content = HEAD + f"users: {{{'a' * 64}: {{}}}}\nignore: [{{user: '{'*a' * 40}b', reason: x}}]\n"
    assert loaded(tmp_path, content).users
