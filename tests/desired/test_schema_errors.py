"""What the schema refuses is told in words, at its place in the file."""
# ruff: noqa: E501 - a row of a table is one line

from __future__ import annotations

from pathlib import Path

import pytest

from tests.desired.files import check, refusal, write

HEAD = "version: 1\n"
SET = HEAD + "policy_sets:\n  a: {policies: ['%s']}\ngroups: {G: {}}\n"
USER = HEAD + "users:\n  a: {%s}\n"
WAIVER = HEAD + "waivers:\n  - {%s, reason: r, owner: o, expires: 2027-01-31}\n"
Row = tuple[str, str, int, int, str, str]
REFUSED: list[Row] = [
    ("no version", "root: {}\n", 1, 1, "the key `version` is missing", "write `version: 1`"),
    ("newer version", "root: {new: 1}\nversion: 2\n", 2, 10, "version: expected the number 1, found `2`", "`version: 1`"),
    ("version as text", "version: '1'\n", 1, 10, "version: expected the number 1, found text", "without quotes"),
    ("version with a dot", "version: 1.0\n", 1, 10, "expected the number 1, found text", "digits"),
    ("misspelt version", "verison: 1\n", 1, 1, "unknown key `verison`", "did you mean `version`?"),
    ("misspelt key", HEAD + "policy_sets:\n  a: {polices: [x]}\n", 3, 7, "policy_sets.a: unknown key `polices`", "`policies`?"),
    ("misspelt later key", HEAD + "groups:\n  G:\n    path: /\n    require: []\n", 5, 5, "groups.G: unknown key `require`", "`required`?"),
    ("key of another case", HEAD + "Groups: {}\n", 2, 1, "unknown key `Groups`", "`groups`?"),
    ("key like no other", HEAD + "users: {a: {xyz: 1}}\n", 2, 13, "users.a: unknown key `xyz`", "the keys here are: type, path"),
    ("key that comes later", HEAD + "exceptions: []\n", 2, 1, "unknown key `exceptions`", "the keys here are: version, account"),
    ("hostile key", HEAD + "groups: {G: {" + "x" * 1000 + ": 1}}\n", 2, 14, "x" * 80 + "...`", "the keys here are"),
    ("the first of two errors", HEAD + "users: {a: {x: 1}}\ngroups: {b: {y: 1}}\n", 2, 13, "users.a: unknown key `x`", "keys"),
    ("text for a list", HEAD + "groups:\n  Developers:\n    required: stack-build\n", 4, 15,
     "groups.Developers.required: expected a list of set names, found text", "write it as a list: [stack-build]"),
    ("nothing for a list", HEAD + "groups:\n  G:\n    members:\n    path: /\n", 4, 13, "expected a list of user names, found an empty value", "write [],"),
    ("nothing for a group", HEAD + "groups:\n  G:\n", 3, 5, "groups.G: expected a mapping, found an empty value", "write {}, or remove"),
    ("nothing for a word", USER % "console: ", 3, 16, "expected one of forbidden, mfa, any, found an empty value", "write a value"),
    ("nothing for a name", HEAD + "groups:\n  G:\n    members:\n    -\n", 5, 6, "groups.G.members: expected a user name, found an empty value", "a value"),
    ("mapping for a list", HEAD + "groups: {G: {members: {a: b}}}\n", 2, 23, "expected a list of user names, found a mapping of 1", "Users that must be"),
    ("list for a mapping", HEAD + "policy_sets: []\n", 2, 14, "policy_sets: expected a mapping of set names, found an empty list", "Managed"),
    ("list for a name", HEAD + "groups: {G: {members: [[a]]}}\n", 2, 24, "expected a user name, found a list", "use 1 to"),
    ("mapping for a name", HEAD + "groups: {G: {members: [{}]}}\n", 2, 24, "expected a user name, found an empty mapping", "use 1 to"),
    ("NO", USER % "console: NO", 3, 16, "users.a.console: `NO` is not one of forbidden, mfa, any", "the words here are"),
    ("null", USER % "console: null", 3, 16, "`null` is not one of", "the words here are"),
    ("almost a word", USER % "console: Forbidden", 3, 16, "`Forbidden` is not one of", "did you mean `forbidden`?"),
    ("list for a word", USER % "console: [mfa]", 3, 16, "expected one of forbidden, mfa, any, found a list", "run `koding-audit schema`"),
    ("yes", USER % "exclusive: yes", 3, 18, "expected true or false, found text", "write true or false"),
    ("quoted true", USER % "exclusive: 'true'", 3, 18, "expected true or false, found text", "without quotes"),
    ("number for a flag", USER % "exclusive: 1", 3, 18, "expected true or false, found text", "write true or false"),
    ("octal", USER % "access_keys: {max_age_days: 012}", 3, 35, "expected a number of days, found text", "in digits"),
    ("float", USER % "access_keys: {max_age_days: 1e3}", 3, 35, "expected a number of days, found text", "in digits"),
    ("underscores", USER % "access_keys: {max_age_days: 1_000}", 3, 35, "a number of days", "in digits"),
    ("sexagesimal", USER % "access_keys: {max_age_days: 1:30}", 3, 35, "a number of days", "in digits"),
    ("quoted number", USER % "access_keys: {max_age_days: '90'}", 3, 35, "expected a number of days, found text", "without quotes"),
    ("digits of another script", USER % "access_keys: {max_age_days: \u096f\u0966}", 3, 35, "a number of days", "in digits"),
    ("number without end", USER % ("access_keys: {max_age_days: " + "9" * 5000 + "}"), 3, 35, "a number of days", "in digits"),
    ("no days", USER % "access_keys: {max_age_days: 0}", 3, 35, "`0` is not a number of days", "From 1 to 36500"),
    ("too many days", USER % "access_keys: {max_age_days: 36501}", 3, 35, "`36501` is not a number of days", "From 1"),
    ("negative count", USER % "access_keys: {max_active: -1}", 3, 33, "`-1` is not a number of keys", "From 0 to 100"),
    ("word for limits", USER % "access_keys: never", 3, 20, "expected a mapping of limits or the word forbidden, found `never`", "Limits"),
    ("list for limits", USER % "access_keys: [1]", 3, 20, "expected a mapping of limits or the word forbidden, found a list", "Limits"),
    ("unknown limit", USER % "access_keys: {max_actve: 1}", 3, 21, "users.a.access_keys: unknown key `max_actve`", "`max_active`?"),
    ("account as text", HEAD + "account: '123456789012'\n", 2, 10, 'expected a mapping such as {id: "123456789012"}', "account"),
    ("short account id", HEAD + "account: {id: '12'}\n", 2, 15, "account.id: `12` is not an account id", "12 digits, in quotes"),
    ("other digits", HEAD + "account: {id: '\u0967\u0968\u0969\u096a\u096b\u096c\u096d\u096e\u096f\u0966\u0967\u0968'}\n", 2, 15, "is not an account id", "12 digits"),
    ("id in a list", HEAD + "account: {id: ['123456789012', '1']}\n", 2, 32, "account.id: `1` is not an account id", "12 digits"),
    ("no ids", HEAD + "account: {id: []}\n", 2, 15, "expected a list of account ids, found an empty list", "List at least one"),
    ("mapping for an id", HEAD + "account: {id: {}}\n", 2, 15, "expected an account id or a list of them", "12 digits"),
    ("partition", HEAD + "account: {partition: aws-chn}\n", 2, 22, "`aws-chn` is not one of aws, aws-cn", "did you mean `aws-cn`?"),
    ("user name with a path", HEAD + "users: {team/a: {}}\n", 2, 9, "users: `team/a` is not a user name", "a path has its own key"),
    ("long user name", HEAD + "users: {" + "a" * 65 + ": {}}\n", 2, 9, "is not a user name", "1 to 64"),
    ("long group name", HEAD + "groups: {" + "a" * 129 + ": {}}\n", 2, 10, "is not a group name", "1 to 128"),
    ("look-alike", HEAD + "users: {\u0430da: {}}\n", 2, 9, "users: `\u0430da` is not a user name", "ASCII"),
    ("look-alike member", HEAD + "groups: {G: {members: [\u0430da]}}\n", 2, 24, "is not a user name", "ASCII"),
    ("space at the end", HEAD + "groups: {G: {members: ['a ']}}\n", 2, 24, "`a ` is not a user name", "ASCII"),
    ("empty name", HEAD + "users: {'': {}}\n", 2, 9, "users: `` is not a user name", "1 to 64"),
    ("set name", HEAD + "policy_sets: {'a b': {}}\n", 2, 15, "`a b` is not a set name", "1 to 128"),
    ("type name", HEAD + "user_defaults: {'a b': {}}\n", 2, 17, "`a b` is not a type name", "1 to 128"),
    ("path without slashes", USER % "path: team", 3, 13, "users.a.path: `team` is not a path", "start and end the path with `/`"),
    ("path without its end", USER % "path: /team", 3, 13, "is not a path", "start and end"),
    ("path upwards", USER % "path: /a/../b/", 3, 13, "is not a path", "without `..`"),
    ("path with a space", USER % "path: /a b/", 3, 13, "is not a path", "printable ASCII"),
    ("long path", USER % f"path: /{'a' * 511}/", 3, 13, "is not a path", "512"),
    ("ARN with a wildcard", SET % "arn:aws:iam::aws:policy/*", 3, 18, "is not a policy", "without wildcards"),
    ("customer with a wildcard", SET % "customer:te?m/x", 3, 18, "is not a policy", "without wildcards"),
    ("ARN of something else", SET % "arn:aws:iam::123456789012:user/x", 3, 18, "is not a policy", "a full ARN of a policy"),
    ("ARN of no partition", SET % "arn:amazon:iam::aws:policy/x", 3, 18, "is not a policy", "a full ARN"),
    ("ARN with another variable", SET % "arn:${region}:iam::aws:policy/x", 3, 18, "is not a policy", "a full ARN"),
    ("policy upwards", SET % "../x", 3, 18, "`../x` is not a policy", "job-function/Billing"),
    ("customer upwards", SET % "customer:../x", 3, 18, "is not a policy", "customer:NAME"),
    ("policy below a slash", SET % "/job-function/Billing", 3, 18, "is not a policy", "job-function/Billing"),
    ("policy without a name", SET % "customer:team/", 3, 18, "is not a policy", "customer:NAME"),
    ("long policy", SET % ("customer:" + "a/" * 1100 + "x"), 3, 18, "is not a policy", "customer:NAME"),
    ("list for a policy", HEAD + "policy_sets: {a: {policies: [[X]]}}\n", 2, 30, "expected a policy, or a mapping with one, found a list", "AWS managed"),
    ("version without v", HEAD + "policy_sets: {a: {policies: [{name: X, version: 5}]}}\n", 2, 49, "`5` is not a version such as v5", "as in v5"),
    ("policy without its name", HEAD + "policy_sets: {a: {policies: [{version: v5}]}}\n", 2, 30, "the key `name` is missing", ""),
    ("document as text", USER % "inline: {x: '{}'}", 3, 19, "users.a.inline.x: expected a policy document, found text", "for IAM"),
    ("inline policy's name", USER % "inline: {'a b': {}}", 3, 16, "`a b` is not a policy name", "1 to 128"),
    ("effect in small letters", USER % "inline: {x: {Statement: {Effect: allow}}}", 3, 40, "`allow` is not one of Allow, Deny", "`Allow`?"),
    ("unknown element", USER % "inline: {x: {Statement: [{Effect: Allow, Actions: '*'}]}}", 3, 48, "unknown key `Actions`", "`Action`?"),
    ("version of the language", USER % "inline: {x: {Version: 2012-10-18, Statement: []}}", 3, 29, "`2012-10-18` is not one of", "`2012-10-17`?"),
    ("role without a name", HEAD + "roles: {'': {}}\n", 2, 9, "is not a role name", "1 to 64"),
    ("console of a role", HEAD + "roles: {r: {console: any}}\n", 2, 13, "unknown key `console`", "the keys here are"),
    ("tag of AWS", USER % "tags: {'aws:x': y}", 3, 14, "users.a.tags: `aws:x` is not a tag key", "aws:"),
    ("tag value", USER % "tags: {x: '<y>'}", 3, 17, "users.a.tags.x: `<y>` is not a tag value", "256"),
    ("too many tags", USER % ("tags: {" + ", ".join(f"k{n}: v" for n in range(51)) + "}"), 3, 13, "expected a mapping of at most 50 tags, found a mapping of 51", "created"),
    ("action with a wildcard", HEAD + "policy_sets: {s: {actions: ['ec2:*']}}\nusers: {u: {}}\n", 2, 29, "is not an action", "without wildcards"),
    ("action without a service", HEAD + "policy_sets: {s: {actions: [RunInstances]}}\nusers: {u: {}}\n", 2, 29, "is not an action", "SERVICE:Action"),
    ("action on no ARN", HEAD + "policy_sets: {s: {actions: [{action: s3:GetObject, resource: logs}]}}\nusers: {u: {}}\n", 2, 62, "is not a resource", "an ARN"),
    ("resource without action", HEAD + "policy_sets: {s: {actions: [{resource: '*'}]}}\nusers: {u: {}}\n", 2, 29, "the key `action` is missing", ""),
    ("strict by what", HEAD + "strict: yes\nusers: {u: {}}\n", 2, 9, "true or false", ""),
    ("managed by what", USER % "managed_by: []", 3, 19, "expected the name of a tool, found an empty list", "not written"),
    ("no reason", HEAD + "ignore: [{user: a, group: b}]\n", 2, 10, "ignore: the key `reason` is missing", "Why"),
    ("blank reason", HEAD + "ignore: [{user: a, reason: ' '}]\n", 2, 28, "ignore.reason: ` ` is not a reason", "few words"),
    ("ignoring nobody", HEAD + "ignore: [{reason: why}]\n", 2, 10, "expected a mapping such as {user: NAME, reason: TEXT}", "One of user"),
    ("ignoring two", HEAD + "ignore: [{user: a, group: b, reason: why}]\n", 2, 10, "found a mapping of 3", "One of user"),
    ("waiver of no rule", WAIVER % "rule: policy-unexpcted", 3, 12, "`policy-unexpcted` is not a rule", "did you mean `policy-unexpected`?"),
    ("waiver of nothing", WAIVER % "rule: ", 3, 12, "waivers.rule: expected a rule, found an empty value", "write a value"),
    ("waiver without a rule", WAIVER % "subject: user/a", 3, 5, "waivers: the key `rule` is missing", "whose findings"),
    ("waiver without an end", HEAD + "waivers: [{rule: user-missing, reason: r, owner: o}]\n", 2, 11, "the key `expires` is missing", "last day"),
    ("waiver without an owner", HEAD + "waivers: [{rule: user-missing, reason: r, expires: 2027-01-31}]\n", 2, 11, "the key `owner` is missing", "Who"),
    ("waiver without a reason", HEAD + "waivers: [{rule: user-missing, owner: o, expires: 2027-01-31}]\n", 2, 11, "the key `reason` is missing", "Why"),
    ("blank owner", HEAD + "waivers: [{rule: user-missing, reason: r, owner: '  ', expires: 2027-01-31}]\n", 2, 50, "is not an owner", "who is responsible"),
    ("end in words", HEAD + "waivers: [{rule: user-missing, reason: r, owner: o, expires: next year}]\n", 2, 62, "`next year` is not a day", '"2027-01-31"'),
    ("subject without a kind", WAIVER % "rule: user-missing, subject: koding-user", 3, 35, "`koding-user` is not a subject or a pattern", "user/NAME"),
    ("subject with a blank", WAIVER % "rule: user-missing, subject: 'user/a b'", 3, 35, "`user/a b` is not a subject", "user/NAME"),
    ("unknown key of a waiver", WAIVER % "rule: user-missing, until: x", 3, 26, "unknown key `until`", "keys here are"),
    ("question mark", HEAD + "ignore: [{user: 'a?', reason: why}]\n", 2, 17, "`a?` is not a name or a pattern", "`*`"),
    ("root expectation", HEAD + "root: {mfa: no}\n", 2, 13, "`no` is not one of required, any", "the words here are"),
]  # fmt: skip


@pytest.mark.parametrize("row", REFUSED, ids=[row[0] for row in REFUSED])
def test_what_does_not_fit_is_told_in_words_at_its_place(tmp_path: Path, row: Row) -> None:
    _, content, *expected = row
    check(refusal(write(tmp_path, content)), *expected)


def test_a_file_that_is_wrong_everywhere_still_gives_one_error_and_soon(tmp_path: Path) -> None:
    content = HEAD + "users:\n" + "".join(f"  u{number}: {{x: 1}}\n" for number in range(20_000))
    check(refusal(write(tmp_path, content)), 3, 8, "users.u0: unknown key `x`", "keys here")
