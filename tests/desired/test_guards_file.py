"""`guards.yaml` beside the desired state: what it may say, how it is added up, and what it refuses."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from jsonschema import Draft7Validator

from koding_audit import desired
from koding_audit.model.account import Account, principal_key
from koding_audit.model.desired import Desired
from koding_audit.model.errors import InputError
from koding_audit.model.location import Location
from tests.desired.files import check, loaded, refusal, write

STATE = """version: 1
policy_sets:
  build: {policies: [AmazonEC2FullAccess, customer:team/edge]}
  more: {policies: [job-function/Billing]}
groups:
  Developers: {required: [build], optional: [more]}
"""
GUARDS = """version: 1
protected: [user/break-glass-1, group/Admins, role/org-admin]
forbidden: [AdministratorAccess, customer:team/root, "arn:${partition}:iam::${account}:policy/x"]
max_changes: 20
"""


def guarded(folder: Path, guards: str, state: str = STATE) -> Desired:
    write(folder, guards, "guards.yaml")
    return loaded(folder, state)


def guard_refusal(folder: Path, guards: str, state: str = STATE) -> InputError:
    write(folder, guards, "guards.yaml")
    return refusal(write(folder, state))


def test_without_guards_nothing_is_guarded(tmp_path: Path) -> None:
    guards = loaded(tmp_path, STATE).guards
    assert (guards.files, guards.protected, guards.forbidden, guards.max_changes) == ((), {}, (), None)


def test_everything_that_guards_say_is_read_with_its_place(tmp_path: Path) -> None:
    found = guarded(tmp_path, GUARDS)
    guards, path = found.guards, str(tmp_path / "guards.yaml")
    assert list(guards.protected) == [("user", "break-glass-1"), ("group", "admins"), ("role", "org-admin")]
    assert guards.protected[principal_key("group", "Admins")].name == "group/Admins"
    assert guards.protected[principal_key("group", "Admins")].location == Location(path, 2, 33)
    assert guards.forbidden[0].arn == "arn:${partition}:iam::aws:policy/AdministratorAccess"
    assert guards.max_changes == (20, Location(path, 4, 14))
    assert [file.path for file in found.files] == [str(tmp_path / "0.yaml"), path]
    bound = found.bind(Account("123456789012", "aws-cn")).guards
    assert bound.forbidden[1].arn == "arn:aws-cn:iam::123456789012:policy/team/root"


def test_guards_of_several_folders_add_up_and_the_lower_limit_holds(tmp_path: Path) -> None:
    paths = []
    for name, limit in (("a", 20), ("b", 5), ("c", 30)):
        (tmp_path / name).mkdir()
        write(tmp_path / name, f"version: 1\nprotected: [user/{name}]\nmax_changes: {limit}\n", "guards.yaml")
        paths.append(write(tmp_path / name, f"version: 1\nusers: {{{name}: {{}}}}\n"))
    guards = desired.load_desired(paths).guards
    assert list(guards.protected) == [("user", "a"), ("user", "b"), ("user", "c")]
    assert guards.max_changes == (5, Location(str(tmp_path / "b" / "guards.yaml"), 3, 14))


def test_one_folder_has_its_guards_read_once(tmp_path: Path) -> None:
    write(tmp_path, GUARDS, "guards.yaml")
    found = loaded(tmp_path, STATE, "version: 1\nusers: {ada: {}}\n")
    assert len(found.guards.files) == 1
    assert len(found.guards.forbidden) == 3


@pytest.mark.parametrize(
    ("guards", "place", "message", "hint"),
    [
        ("", (1, 1), "the file is empty", "version: 1"),
        ("protected: []\n", (1, 1), "the key `version` is missing", "version: 1"),
        ("version: 2\n", (1, 10), "expected the number 1, found `2`", "version: 1"),
        ("version: 1\nprotectd: [user/a]\n", (2, 1), "unknown key `protectd`", "did you mean `protected`?"),
        ("version: 1\nprotected: user/a\n", (2, 12), "expected a list of principals", "[user/a]"),
        ("version: 1\nprotected: [a]\n", (2, 13), "`a` is not a principal such as user/break-glass-1", "user/NAME"),
        ("version: 1\nprotected: [user/*]\n", (2, 13), "`user/*` is not a principal", "exact name"),
        ("version: 1\nprotected: [user/team/a]\n", (2, 13), "is not a principal", "without path"),
        ("version: 1\nprotected: [user/a, user/A]\n", (2, 21), "duplicate `user/A`", "remove one of the two"),
        ("version: 1\nforbidden: [X*]\n", (2, 13), "`X*` is not a policy", "without wildcards"),
        ("version: 1\nforbidden: [X, x]\n", (2, 16), "duplicate `x`", "remove one of the two"),
        ("version: 1\nmax_changes: many\n", (2, 14), "expected a number of changes", "in digits"),
        ("version: 1\nmax_changes: -1\n", (2, 14), "`-1` is not a number of changes", "999999"),
        (
            "version: 1\nmax_changes: 1\nmax_changes: 2\n",
            (3, 1),
            "duplicate key `max_changes`; the first",
            "merge the two",
        ),
        ("version: 1\nmax_changes: &a 1\n", (2, 14), "the anchor `&a` is not allowed", "remove it"),
    ],
)
def test_guards_that_are_wrong_are_refused_at_their_place(
    tmp_path: Path, guards: str, place: tuple[int, int], message: str, hint: str
) -> None:
    error = guard_refusal(tmp_path, guards)
    assert error.location is not None
    assert error.location.path == str(tmp_path / "guards.yaml")
    check(error, *place, message, hint)


def test_guards_that_are_there_and_cannot_be_read_are_never_passed_over(tmp_path: Path) -> None:
    path = write(tmp_path, STATE)
    for make in (
        lambda guards: guards.symlink_to("nowhere"),
        lambda guards: guards.mkdir(),
        lambda guards: guards.write_bytes(b"\xff\xfeversion: 1"),
    ):
        guards = tmp_path / "guards.yaml"
        make(guards)
        error = refusal(path)
        assert error.location is not None
        assert error.location.path == str(guards)
        guards.rmdir() if guards.is_dir() else guards.unlink()


MISNAMED = [
    *("guards.yml", "Guards.yaml", "GUARDS.YAML", "guard.yaml", "gaurds.yaml", "guards.yaml.txt", "guards.json"),
    *(".guards.yaml", "guards.yaml.bak", "guards.yaml~", "guards.yaml ", "guards", "_guards.yml", "guards.txt"),
    *("guards(1).yaml", "guards..yaml", "guards.ymal", "guardes.yaml", "guards-yaml", "#guards.yaml#", "guards.toml"),
    *("koding-guards.yaml", "guards-eu.yaml", "team-guards.yml", "gu\u0430rds.yaml"),
]


@pytest.mark.parametrize("name", MISNAMED)
def test_a_file_that_looks_like_guards_is_refused_and_never_passed_over(tmp_path: Path, name: str) -> None:
    path = write(tmp_path, STATE)
    other = write(tmp_path, GUARDS, name)
    check(refusal(path), 1, 1, f"`{name}` looks like guards, and is not read as guards", "rename it to guards.yaml")
    check(refusal(other), 1, 1, f"`{name}` looks like guards, and is not read as guards", "rename it to guards.yaml")


@pytest.mark.parametrize("name", ["guards.yaml.bak", "guards.yaml~", "guards.yaml.txt"])
def test_a_copy_beside_guards_is_no_other_spelling(tmp_path: Path, name: str) -> None:
    write(tmp_path, GUARDS, name)
    assert len(guarded(tmp_path, GUARDS).guards.protected) == 3


@pytest.mark.parametrize("name", ["guardduty.yaml", "guards.py", "guardians.yaml", "safeguards.yaml"])
def test_other_names_are_other_files(tmp_path: Path, name: str) -> None:
    write(tmp_path, GUARDS, name)
    (tmp_path / "guards").mkdir()
    assert loaded(tmp_path, STATE).guards.files == ()


def test_a_desired_state_with_guards_in_its_name_is_a_desired_state(tmp_path: Path) -> None:
    assert desired.load_desired([write(tmp_path, STATE, "guards-eu.yaml")]).guards.files == ()


@pytest.mark.parametrize("text", ['{"version": 1, "max_changes": 3}', "version: 1\n'forbidden': []\n", "\x00"])
def test_a_file_with_guards_in_its_name_is_refused_by_its_keys_and_if_it_cannot_be_read(
    tmp_path: Path, text: str
) -> None:
    path = write(tmp_path, STATE)
    other = tmp_path / "guards-eu.json"
    other.write_text(text)
    if text == "\x00":
        other.write_bytes(b"\xff")
    check(refusal(path), 1, 1, "`guards-eu.json` looks like guards", "rename it to guards.yaml")


def test_a_folder_with_the_name_of_guards_and_a_format_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, STATE)
    (tmp_path / "guards-eu.yaml").mkdir()
    assert desired.load_desired([path]).guards.files == ()
    (tmp_path / "guards.yml").mkdir()
    check(refusal(path), 1, 1, "`guards.yml` looks like guards", "rename it to guards.yaml")


def test_guards_beside_the_target_of_a_link_apply_with_those_beside_the_link(tmp_path: Path) -> None:
    for name in ("link", "middle", "target"):
        (tmp_path / name).mkdir()
        write(tmp_path / name, f"version: 1\nprotected: [user/{name}]\n", "guards.yaml")
    write(tmp_path / "target", STATE, "state.yaml")
    (tmp_path / "middle" / "state.yaml").symlink_to("../target/state.yaml")
    (tmp_path / "link" / "state.yaml").symlink_to(tmp_path / "middle" / "state.yaml")
    guards = desired.load_desired([str(tmp_path / "link" / "state.yaml")]).guards
    assert list(guards.protected) == [("user", "link"), ("user", "middle"), ("user", "target")]
    (tmp_path / "target" / "guards.yaml").rename(tmp_path / "target" / "guards.yml")
    error = refusal(str(tmp_path / "link" / "state.yaml"))
    check(error, 1, 1, "`guards.yml` looks like guards", "rename it to guards.yaml")


def test_a_folder_that_cannot_be_listed_may_contain_guards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path, STATE)

    def refuse(_: Path) -> Iterator[Path]:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", refuse)
    check(refusal(path), 1, 1, "could not list the folder, which may contain guards: Permission denied", "readable")


def test_guards_given_as_a_desired_state_are_refused(tmp_path: Path) -> None:
    error = refusal(write(tmp_path, GUARDS, "guards.yaml"))
    check(error, 1, 1, "a guards file is not a desired state", "the guards.yaml beside them is read automatically")


@pytest.mark.parametrize(
    "forbidden",
    ["customer:team/edge", "customer:TEAM/Edge", '"arn:aws:iam::123456789012:policy/team/edge"'],
)
def test_a_desired_state_that_requires_what_is_forbidden_is_refused_with_both_places(
    tmp_path: Path, forbidden: str
) -> None:
    error = guard_refusal(tmp_path, f"version: 1\nforbidden: [{forbidden}]\n")
    check(
        error,
        3,
        43,
        f"policy `customer:team/edge` is forbidden at {tmp_path}/guards.yaml:2:13",
        "the owner of that file",
    )
    assert error.location is not None
    assert error.location.path.endswith("desired.yaml")


def test_what_is_only_optional_is_refused_when_the_run_asks_for_it(tmp_path: Path) -> None:
    found = guarded(tmp_path, "version: 1\nforbidden: [job-function/Billing]\n")
    assert desired.require_sets(found, []) is found
    with pytest.raises(InputError, match="policy `job-function/Billing` is forbidden at ") as caught:
        desired.require_sets(found, ["more"])
    check(caught.value, 4, 21, "forbidden")


def test_a_policy_of_the_account_is_another_than_awss_of_that_name(tmp_path: Path) -> None:
    assert guarded(tmp_path, "version: 1\nforbidden: [customer:AmazonEC2FullAccess, edge]\n").guards.forbidden


def test_guards_beside_files_that_are_gone_are_found_and_a_folder_that_is_gone_is_refused(tmp_path: Path) -> None:
    write(tmp_path, GUARDS, "guards.yaml")
    paths = [str(tmp_path / "gone.yaml"), str(tmp_path / "guards.yaml")]
    assert len(desired.load_guards_beside(paths).protected) == 3
    assert desired.load_guards_beside([]).protected == {}
    with pytest.raises(InputError, match="could not list the folder, which may contain guards: No such file"):
        desired.load_guards_beside([*paths, "/no/such/folder/x.yaml"])


def test_the_schema_of_guards_is_one_and_writes_policies_as_a_desired_state_does() -> None:
    schema = desired.guards_schema()
    Draft7Validator.check_schema(schema)
    assert schema["definitions"]["policy"] == desired.desired_schema()["definitions"]["policy"]
    for part in (schema, *schema["properties"].values()):
        assert part["title"]
        assert part["description"]
