"""Reads the CDK's cloud assembly, the folder `cdk.out`: its stacks, their templates, roles and assets."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from koding_audit.io.yaml_nodes import MappingEntry, MappingNode, ScalarNode, SequenceNode, YamlNode
from koding_audit.model.errors import InputError
from koding_audit.model.frozen import replace
from koding_audit.model.location import Location, SourceFile
from koding_audit.stack.cloudformation import TemplateParts, read_root_template
from koding_audit.stack.source_file import ScriptFile, read_script_file
from koding_audit.stack.template import CdkAsset, CdkManifest, StackTemplate, is_template
from koding_audit.stack.template_scope import section_of

MANIFEST = "manifest.json"
DEEPEST_ASSEMBLY = 5
"""The most levels of nested cloud assemblies, which the CDK makes for stages."""

# The artifacts and their properties are those of cloud-assembly-schema (github.com/aws/aws-cdk-cli, packages/@aws-cdk/
# cloud-assembly-schema/lib/cloud-assembly, 2026-12-01).
_STACK, _ASSETS, _ASSEMBLY = "aws:cloudformation:stack", "cdk:asset-manifest", "cdk:cloud-assembly"
_ENVIRONMENT = re.compile(r"aws://([^/]+)/(.+)")
_QUALIFIER = re.compile(r"/cdk-bootstrap/([^/]+)/version|:role/cdk-([a-z0-9]+)-[a-z-]+-role-")
_LOGICAL_ID = "aws:cdk:logicalId"


@dataclass
class _Assembly:
    """What was read of a cloud assembly and those in it."""

    overrides: Mapping[str, str]
    files: list[SourceFile] = field(default_factory=list)
    readings: list[tuple[str, TemplateParts, StackTemplate]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    roles: list[tuple[str, Location]] = field(default_factory=list)
    lookup_roles: list[tuple[str, Location]] = field(default_factory=list)
    execution_roles: list[tuple[str, Location]] = field(default_factory=list)
    bootstrap: list[tuple[str, Location]] = field(default_factory=list)
    assets: list[CdkAsset] = field(default_factory=list)
    templates: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class CdkScript:
    """A cloud assembly that was read.

    files: the manifests, the templates and the asset manifests
    readings: each stack: the path of its template, its parts and what it says
    manifest: the facts of the manifests
    notes: what was ignored, for people
    """

    files: tuple[SourceFile, ...]
    readings: tuple[tuple[str, TemplateParts, StackTemplate], ...]
    manifest: CdkManifest
    notes: tuple[str, ...]


def find_manifest(path: str) -> str | None:
    """Returns the path of the manifest of a cloud assembly, None if a folder or file is none."""
    found = os.path.join(path, MANIFEST) if os.path.isdir(path) else path  # noqa: PTH112, PTH118 - a text
    if os.path.basename(found) != MANIFEST or not os.path.isfile(found):  # noqa: PTH113, PTH119 - as above
        return None
    try:
        root = read_script_file(found).parse()
    except InputError:
        return None
    return found if _is_manifest(root) else None


def read_cloud_assembly(manifest: str, overrides: Mapping[str, str]) -> CdkScript:
    """Returns the stacks of a cloud assembly. Raises InputError.

    manifest: the path of its manifest
    overrides: the values that the user gives to parameters
    """
    assembly = _Assembly(overrides)
    _read_manifest(manifest, assembly, 1)
    names = [name for name, _ in (*assembly.bootstrap, *assembly.roles)]
    facts = CdkManifest(
        assume_role_arns=_unique(assembly.roles),
        lookup_role_arns=_unique(assembly.lookup_roles),
        execution_role_arns=_unique(assembly.execution_roles),
        qualifier=_qualifier(names),
        bootstrap_parameters=_unique(assembly.bootstrap),
        assets=tuple(assembly.assets),
    )
    readings = [(path, parts, replace(template, cdk=facts)) for path, parts, template in assembly.readings]
    return CdkScript(tuple(assembly.files), tuple(readings), facts, tuple(assembly.notes))


def _is_manifest(root: YamlNode) -> bool:
    return isinstance(root, MappingNode) and {"version", "artifacts"} <= set(root.entries)


def _read_manifest(path: str, assembly: _Assembly, depth: int) -> None:
    root = _read_json(path, assembly)
    artifacts = section_of(root, "artifacts") if root is not None and _is_manifest(root) else None
    if artifacts is None:
        raise InputError("this is not the manifest of a cloud assembly", "run `cdk synth` again", Location(path, 1, 1))
    # First the assets: they say which files the nested stacks of a template are.
    for name, entry in sorted(artifacts.entries.items(), key=_is_not_asset):
        artifact = entry.node
        if not isinstance(artifact, MappingNode):
            continue
        kind, properties = _text(artifact, "type"), section_of(artifact, "properties")
        if kind == _STACK:
            _read_stack(path, name, artifact, assembly)
        elif kind == _ASSETS:
            _add_text(assembly.bootstrap, properties, "bootstrapStackVersionSsmParameter")
            _read_assets(_beside(path, _text(properties, "file"), entry.location), assembly)
        elif kind == _ASSEMBLY and depth < DEEPEST_ASSEMBLY:
            folder = _beside(path, _text(properties, "directoryName"), entry.location)
            _read_manifest(os.path.join(folder, MANIFEST), assembly, depth + 1)  # noqa: PTH118 - a text
    if root is not None and isinstance(missing := root.node("missing"), SequenceNode) and missing.nodes:
        assembly.notes.append(f"the cloud assembly lacks {len(missing.nodes)} looked-up values: run `cdk synth` again")


def _read_stack(manifest: str, name: str, artifact: MappingNode, assembly: _Assembly) -> None:
    properties = section_of(artifact, "properties")
    _add_text(assembly.roles, properties, "assumeRoleArn")
    _add_text(assembly.execution_roles, properties, "cloudFormationExecutionRoleArn")
    _add_text(assembly.lookup_roles, section_of(properties, "lookupRole"), "arn")
    _add_text(assembly.bootstrap, properties, "bootstrapStackVersionSsmParameter")
    path = _beside(manifest, _text(properties, "templateFile"), artifact.location)
    file = read_script_file(path)
    root = file.parse()
    assembly.files.append(file.file)
    if not isinstance(root, MappingNode) or not is_template(root):
        assembly.notes.append(f"stack {name} has no resources")
        return
    stack_name = _text(properties, "stackName") or name
    parts = TemplateParts(
        overrides={**dict(_texts(section_of(properties, "parameters"))), **assembly.overrides},
        pseudo={**_environment(_text(artifact, "environment")), "AWS::StackName": stack_name},
        paths=dict(_logical_ids(_metadata(manifest, artifact, assembly))),
        assets=assembly.templates,
    )
    template = read_root_template(file, root, parts)
    assembly.readings.append((path, parts, replace(template, stack_names=(stack_name,))))


def _read_assets(path: str, assembly: _Assembly) -> None:
    root = _read_json(path, assembly)
    if root is None:
        return
    for section, kind, target in (("files", "file", "bucketName"), ("dockerImages", "image", "repositoryName")):
        for entry in section_of(root, section).entries.values():
            asset = entry.node if isinstance(entry.node, MappingNode) else MappingNode({}, entry.location)
            source = _text(section_of(asset, "source"), "path")
            for place in section_of(asset, "destinations").entries.values():
                if isinstance(place.node, MappingNode) and target in place.node.entries:
                    role = _text(place.node, "assumeRoleArn")
                    assembly.assets.append(CdkAsset(kind, _text(place.node, target), role, place.location))
                    if source.endswith(".template.json"):
                        assembly.templates[_text(place.node, "objectKey")] = _beside(path, source, place.location)


def _is_not_asset(artifact: tuple[str, MappingEntry]) -> bool:
    node = artifact[1].node
    return not isinstance(node, MappingNode) or _text(node, "type") != _ASSETS


def _metadata(manifest: str, artifact: MappingNode, assembly: _Assembly) -> MappingNode:
    """Returns the metadata of a stack, which newer versions of the CDK write to a file of its own."""
    name = _text(section_of(artifact, "properties"), "additionalMetadataFile") or _text(
        artifact, "additionalMetadataFile"
    )
    if not name:
        return section_of(artifact, "metadata")
    return _read_json(_beside(manifest, name, artifact.location), assembly) or section_of(artifact, "metadata")


def _logical_ids(metadata: MappingNode) -> Iterator[tuple[str, str]]:
    """Yields each logical id with its path in the CDK's tree."""
    for path, entry in metadata.entries.items():
        for each in entry.node.nodes if isinstance(entry.node, SequenceNode) else ():
            if isinstance(each, MappingNode) and _text(each, "type") == _LOGICAL_ID:
                yield _text(each, "data"), path.removeprefix("/")


def _environment(text: str) -> dict[str, str]:
    """Returns the account and the region of an environment such as `aws://123456789012/eu-west-1`."""
    found = _ENVIRONMENT.fullmatch(text)
    known = {"AWS::AccountId": found[1], "AWS::Region": found[2]} if found else {}
    return {name: value for name, value in known.items() if not value.startswith("unknown-")}


def _qualifier(texts: Iterable[str]) -> str:
    found = {name for text in texts for hit in _QUALIFIER.finditer(text) if (name := hit[1] or hit[2])}
    return next(iter(found)) if len(found) == 1 else ""


def _read_json(path: str, assembly: _Assembly) -> MappingNode | None:
    file: ScriptFile = read_script_file(path)
    assembly.files.append(file.file)
    root = file.parse()
    return root if isinstance(root, MappingNode) else None


def _beside(manifest: str, name: str, where: Location) -> str:
    """Returns the path of a file that a manifest names. Raises InputError if it is not in its folder."""
    folder = os.path.dirname(manifest)  # noqa: PTH120 - a text
    path = os.path.normpath(os.path.join(folder, name))  # noqa: PTH118 - as above
    if not name or os.path.isabs(name) or os.path.relpath(path, folder or ".").startswith(os.pardir):  # noqa: PTH117
        hint = "run `cdk synth` again"
        raise InputError("the manifest names a file that is not in the folder of the cloud assembly", hint, where)
    return path


def _add_text(found: list[tuple[str, Location]], node: MappingNode, name: str) -> None:
    entry = node.entries.get(name)
    if entry is not None and isinstance(entry.node, ScalarNode) and entry.node.value:
        found.append((entry.node.value, entry.location))


def _texts(node: MappingNode) -> Iterator[tuple[str, str]]:
    for name, entry in node.entries.items():
        if isinstance(entry.node, ScalarNode):
            yield name, entry.node.value


def _text(node: MappingNode, name: str) -> str:
    found = node.node(name)
    return found.value if isinstance(found, ScalarNode) else ""


def _unique(found: Iterable[tuple[str, Location]]) -> tuple[tuple[str, Location], ...]:
    first: dict[str, Location] = {}
    for text, place in found:
        first.setdefault(text, place)
    return tuple(first.items())
