"""Templates in tests: what is read of their text."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from koding_audit.io.yaml_nodes import MappingNode, YamlNode
from koding_audit.stack.json_source import read_json_script
from koding_audit.stack.loader import read_script
from koding_audit.stack.script import Script, ScriptResource
from koding_audit.stack.template_parameters import read_parameters
from koding_audit.stack.template_scope import TemplateScope, open_scope
from koding_audit.stack.template_values import python_value
from koding_audit.stack.yaml_source import read_yaml_script
from tests.stack.script_files import write


def node(value: Any) -> YamlNode:
    """The node of a value, as a file in JSON has it."""
    return read_json_script(json.dumps(value), "a.json")


def mapping(value: Any) -> MappingNode:
    found = node(value)
    assert isinstance(found, MappingNode)
    return found


def short(text: str) -> YamlNode:
    """The node of a value with short tags, as a template in YAML has it."""
    root = read_yaml_script(f"Resources: {{}}\nValue: {text}\n", "a.yaml")
    assert isinstance(root, MappingNode)
    found = root.node("Value")
    assert found is not None
    return found


def scope(**sections: Any) -> TemplateScope:
    """The scope of a template with these sections, in region eu-west-1."""
    root = mapping({"Resources": {}, **sections})
    parameters = read_parameters(root.node("Parameters"), {})
    return open_scope(root, parameters, {"AWS::Region": "eu-west-1"}, lambda _, __: None, "")


def read(tmp_path: Path, text: str, name: str = "web.yaml", **parameters: str) -> Script:
    return read_script(write(tmp_path, text, name), parameters)


def resource(script: Script, address: str) -> ScriptResource:
    (found,) = (each for each in script.resources if each.address == address)
    return found


def properties(script: Script, address: str) -> Any:
    """The evaluated properties of a resource as plain values."""
    return python_value(resource(script, address).body)


def unread(script: Script) -> dict[str, str]:
    return {each.what: each.why for each in script.unread}
