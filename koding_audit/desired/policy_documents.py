"""Policy documents in desired-state files, or in JSON files beside them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

from koding_audit.desired.values import plain_value
from koding_audit.io import files, json_text
from koding_audit.io.text import quote_text
from koding_audit.io.yaml_nodes import MappingNode, ScalarNode, SequenceNode, YamlNode
from koding_audit.model.errors import InputError
from koding_audit.model.location import Location
from koding_audit.policy import document

_DOCUMENT = files.FileSpec("a policy document", 1)
_ELEMENT = re.compile(r"\[(\d+)\]|([^.\[\]]+)")


def policy_mappings(root: MappingNode) -> Iterator[MappingNode]:
    """Yield each policy in the sets of a file that is written as a mapping."""
    for _, _, policy_set in root.mappings("policy_sets"):
        policies = policy_set.node("policies")
        for each in policies.nodes if isinstance(policies, SequenceNode) else ():
            if isinstance(each, MappingNode):
                yield each


def read_document_files(file_path: str, root: MappingNode) -> dict[str, str]:
    """Read the JSON files that a desired-state file names, by the name in the file. Raises InputError."""
    scalars = {each.value: each for policy in policy_mappings(root) for each in [policy.scalar("file")] if each}
    return {name: _read_document(Path(file_path).parent, scalar) for name, scalar in scalars.items()}


def document_text(node: YamlNode) -> str:
    """A document in the file, as JSON with sorted keys."""
    return json.dumps(plain_value(node, {}, {}), sort_keys=True)


def document_error(text: str, node: YamlNode, *, trust: bool = False) -> InputError | None:
    """The error if IAM rejects a document; None if it does not.

    text: the document as JSON.
    node: its place, which may be the name of its file.
    trust: whether it is a trust policy.
    """
    try:
        statements = document.parse_document(text).statements
    except document.DocumentError as error:
        return InputError(error.message, "correct it by IAM's policy grammar", _element_source(error.element, node))
    for each in statements:
        element = f"Statement[{each.index}]"
        if trust and each.principals is not None and each.principals.negated:
            # reference_policies_elements_notprincipal: neither in an identity-based policy nor in a trust policy.
            message = f"{element}: a trust policy cannot have NotPrincipal"
            hint = "write Principal, and exempt principals with a condition on aws:PrincipalArn"
            return InputError(message, hint, _element_source(f"{element}.NotPrincipal", node))
        if trust and (each.principals is None or each.resources is not None):
            message = f"{element}: a trust policy needs a Principal and has no Resource"
            return InputError(message, "correct it: the role itself is the resource", _element_source(element, node))
        if not trust and (each.principals is not None or each.resources is None):
            message = f"{element}: a policy of a user, group or role needs a Resource and has no Principal"
            hint = "correct it: the user, group or role itself is the principal"
            return InputError(message, hint, _element_source(element, node))
    return None if statements else InputError("the document has no statement", "add a statement", node.location)


def document_length(text: str) -> int:
    """The length of a document as IAM counts it: characters without white space (aws: reference_iam-quotas)."""
    return len(json.dumps(json.loads(text), separators=(",", ":"), ensure_ascii=False))


def _read_document(folder: Path, scalar: ScalarNode) -> str:
    name = scalar.value
    path = folder / name
    if not _is_within(path, folder):
        hint = "move the document into the folder of the file that names it"
        raise InputError(f"{quote_text(name)} is outside the folder of this file", hint, scalar.location)
    try:
        content = files.read_file(str(path), _DOCUMENT)
    except InputError as error:
        raise InputError(f"{quote_text(name)}: {error.message}", error.hint, scalar.location) from error
    found = json_text.parse_json(files.decode_utf8(content.data, str(path)), str(path))
    if not isinstance(found, dict):
        raise InputError("the policy document is not an object", "start it with {", Location(str(path), 1, 1))
    return json.dumps(found, sort_keys=True)


def _is_within(path: Path, folder: Path) -> bool:
    """Whether a path is inside a folder after all links are resolved; false for circular links."""
    try:
        return path.resolve().is_relative_to(folder.resolve())
    except (OSError, RuntimeError, ValueError):
        return False


def _element_source(element: str, node: YamlNode) -> Location:
    """The place of an element such as `Statement[2].Action`, or of its nearest parent in the file."""
    for number, name in _ELEMENT.findall(element):
        if isinstance(node, MappingNode) and name in node.entries:
            node = node.entries[name].node
        elif isinstance(node, SequenceNode) and number and int(number) < len(node.nodes):
            node = node.nodes[int(number)]
    return node.location
