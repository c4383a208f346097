"""The stacks below a folder: what is one, and what is not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from koding_audit.model.errors import InputError, NoScriptError
from koding_audit.model.location import Location, SourceFile
from koding_audit.stack.folder import read_stacks
from koding_audit.stack.loader import read_script
from koding_audit.stack.script import Script
from koding_audit.stack.template import CdkManifest, StackTemplate

EIP = "resource: {aws_eip: {web: {}}}\n"


def add(folder: Path, **files: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name.replace("_", ".")).write_text(text, encoding="utf-8")
    return folder


def found(folder: Path) -> list[str]:
    return [os.path.relpath(each.path, folder) for each in read_stacks(str(folder), read_script)]


def test_a_folder_with_a_script_of_its_own_is_one_stack_and_nothing_below_it_is_read(tmp_path: Path) -> None:
    add(tmp_path, main_yml=EIP)
    add(tmp_path / "below", main_yml=EIP, broken_yml="resource: [")
    assert found(tmp_path) == ["."]


def test_a_file_is_one_stack(tmp_path: Path) -> None:
    assert [each.path for each in read_stacks(str(add(tmp_path, a_yml=EIP) / "a.yml"), read_script)] == [
        str(tmp_path / "a.yml")
    ]


def test_each_folder_below_that_has_scripts_is_a_stack_in_the_order_of_the_paths(tmp_path: Path) -> None:
    add(tmp_path, README_md="no script", package_json="{}")
    for name in ("web/prod", "web", "db", "docs/empty"):
        add(tmp_path / name, **({} if name.startswith("docs") else {"main_yml": EIP, "more_json": "{}"}))
    assert found(tmp_path) == ["db", "web", "web/prod"]


def test_hidden_folders_node_modules_and_links_are_not_read(tmp_path: Path) -> None:
    for name in (".terraform/modules/x", "node_modules/x", ".git", "app"):
        add(tmp_path / name, main_yml=EIP)
    (tmp_path / "app" / "up").symlink_to(tmp_path)
    assert found(tmp_path) == ["app"]


def test_without_any_script_the_folder_is_refused_and_named(tmp_path: Path) -> None:
    add(tmp_path / "docs", page_yml="title: x\n")
    with pytest.raises(NoScriptError) as caught:
        read_stacks(str(tmp_path), read_script)
    assert caught.value.location is not None
    assert caught.value.location.path == str(tmp_path)


def test_a_script_below_that_cannot_be_read_is_an_error_at_its_line(tmp_path: Path) -> None:
    add(tmp_path / "app", main_yml="resource: [\n")
    with pytest.raises(InputError) as caught:
        read_stacks(str(tmp_path), read_script)
    assert not isinstance(caught.value, NoScriptError)
    assert caught.value.location is not None
    assert caught.value.location.path == str(tmp_path / "app" / "main.yml")


def script(path: Path, *files: Path, template: StackTemplate | None = None) -> Script:
    named = tuple(SourceFile(str(each), "") for each in files)
    return Script(str(path), named, (), {}, (), (), (), {}, template)


def read_as(scripts: dict[str, Script], folder: Path) -> list[str]:
    """What is read with these answers about paths below the folder, which has no other scripts."""

    def read(path: str) -> Script:
        known = scripts.get(os.path.relpath(path, folder))
        if known is None:
            raise NoScriptError("none")
        return known

    return [os.path.relpath(each.path, folder) for each in read_stacks(str(folder), read)]


def test_what_another_stack_calls_as_a_module_is_none_of_its_own(tmp_path: Path) -> None:
    app, module = add(tmp_path / "app"), add(tmp_path / "modules" / "queue")
    scripts = {
        "app": script(app, app / "main.tf", module / "main.tf"),
        "modules/queue": script(module, module / "main.tf"),
    }
    assert read_as(scripts, tmp_path) == ["app"]


def test_two_folders_that_call_the_same_module_are_two_stacks(tmp_path: Path) -> None:
    a, b, module = add(tmp_path / "a"), add(tmp_path / "b"), add(tmp_path / "m")
    scripts = {
        "a": script(a, a / "main.tf", module / "main.tf"),
        "b": script(b, b / "main.tf", module / "main.tf"),
        "m": script(module, module / "main.tf"),
    }
    assert read_as(scripts, tmp_path) == ["a", "b"]


def template(*, cdk: CdkManifest | None = None) -> StackTemplate:
    return StackTemplate(Location("t.yml", 1, 1), cdk=cdk)


def test_each_template_of_a_folder_is_a_stack_but_not_a_nested_one(tmp_path: Path) -> None:
    folder = add(tmp_path / "cfn")
    files = [folder / name for name in ("child.yml", "other.yml", "root.yml")]
    scripts = {
        "cfn": script(folder, *files, template=template()),
        "cfn/child.yml": script(files[0], files[0], template=template()),
        "cfn/other.yml": script(files[1], files[1], template=template()),
        "cfn/root.yml": script(files[2], files[2], files[0], template=template()),
    }
    assert read_as(scripts, tmp_path) == ["cfn/other.yml", "cfn/root.yml"]


def test_what_a_cdk_wrote_is_one_stack_and_nothing_in_it_is_another(tmp_path: Path) -> None:
    folder = add(tmp_path / "cdk.out")
    inner = add(folder / "assembly-x")
    scripts = {
        "cdk.out": script(folder, folder / "a.template.json", template=template(cdk=CdkManifest())),
        "cdk.out/assembly-x": script(inner, inner / "b.template.json", template=template()),
    }
    assert read_as(scripts, tmp_path) == ["cdk.out"]
