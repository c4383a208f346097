"""Translates the serverless resources of a SAM template by AWS's own translator, the extra `sam`; nothing is called."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

from koding_audit.io.text import quote_text
from koding_audit.io.yaml_nodes import MappingEntry, MappingNode, ScalarNode, YamlNode
from koding_audit.model.errors import InputError
from koding_audit.model.location import Location
from koding_audit.reference.managed_policies import load_managed_policies
from koding_audit.stack.template_scope import section_of
from koding_audit.stack.template_values import node_of_value, python_value

# The translator wants values where the template has none: these become open parts again.
_REGION, _PARTITION, _BUCKET = "koding-open-region", "koding-open-partition", "koding-open-bucket"
_OPEN_PARTS: Mapping[str, str] = {
    _REGION: "${AWS::Region}",
    _PARTITION: "${AWS::Partition}",
    _BUCKET: "${SAM.Bucket}",
}
# Properties that can name a local file or folder, which `sam package` uploads (docs.aws.amazon.com/serverless-
# application-model/latest/developerguide/sam-cli-command-reference-sam-package.html, 2026-12-01).
_ARTIFACTS = frozenset({"CodeUri", "ContentUri", "DefinitionUri"})
_EVERY_LEVEL = 50  # logging.CRITICAL
_APPLICATION = "AWS::Serverless::Application"


def translate_serverless(
    root: MappingNode, overrides: Mapping[str, str], pseudo: Mapping[str, str], where: Location
) -> MappingNode:
    """Returns a template with its serverless resources replaced by those that AWS makes of them. Raises InputError.

    A resource that the translator made has the place of the serverless resource that it belongs to.
    overrides: the values that the user gives to parameters
    pseudo: the pseudo parameters that are known
    where: the place of the transform
    """
    plain = _full_form(python_value(root))
    resources = plain.get("Resources", {}) if isinstance(plain, dict) else {}
    applications = {name: each for name, each in resources.items() if _is_far_application(each)}
    for name in applications:  # the translator would call AWS for these
        del resources[name]
    _prepare_parameters(plain)
    for each in (*resources.values(), *_globals(plain)):
        _replace_artifacts(each)
    found = _translate(plain, overrides, pseudo, root, where) if resources else {"Resources": {}}
    for name in applications:
        found["Resources"][name] = {"Type": "AWS::CloudFormation::Stack", "Properties": {}}
    return _with_places(root, found, where)


def _translate(
    plain: dict[str, Any], overrides: Mapping[str, str], pseudo: Mapping[str, str], root: MappingNode, where: Location
) -> dict[str, Any]:
    try:
        from samtranslator.metrics.method_decorator import MetricsMethodWrapperSingleton  # noqa: PLC0415 - as below
        from samtranslator.metrics.metrics import LOG  # noqa: PLC0415 - as below
        from samtranslator.model.exceptions import InvalidDocumentException  # noqa: PLC0415 - an optional extra
        from samtranslator.parser.parser import Parser  # noqa: PLC0415 - as above
        from samtranslator.translator.translator import Translator  # noqa: PLC0415 - as above
    except ImportError as error:
        hint = "run `pip install 'koding-audit[sam]'`"
        raise InputError("reading a SAM template needs aws-sam-translator", hint, where) from error
    region = pseudo.get("AWS::Region", _REGION)
    parameters = {"AWS::Region": region, "AWS::Partition": _PARTITION, **_known_values(plain, overrides)}
    # It logs what it cannot translate with a traceback, which can contain values of the template.
    LOG.manager.disable, level = _EVERY_LEVEL, LOG.manager.disable
    translator = Translator(None, Parser(), None, SimpleNamespace(region_name=region))
    try:
        translated: dict[str, Any] = translator.translate(plain, parameters, get_managed_policy_map=_managed_policy_map)
    except InvalidDocumentException as error:
        raise _refusal(error, root, where) from error
    except (AttributeError, IndexError, KeyError, RecursionError, TypeError, ValueError) as error:
        message = "aws-sam-translator cannot translate this template"
        raise InputError(message, "run `sam validate --lint` for details", where) from error
    finally:  # drops the measured times, which are sent nowhere; it warns at exit of those that are left
        MetricsMethodWrapperSingleton.get_instance().publish()
        LOG.manager.disable = level
    return translated


def _refusal(error: Any, root: MappingNode, where: Location) -> InputError:
    """Returns the error for a template that the translator refuses; its own message may hold values."""
    names = [str(getattr(each, "_logical_id", "")) for each in getattr(error, "causes", ())]
    resources = section_of(root, "Resources").entries
    name = next((each for each in names if each in resources), "")
    what = f"the resource {quote_text(name)}" if name else "this template"
    hint = "run `sam validate --lint` for details"
    return InputError(f"aws-sam-translator refuses {what}", hint, resources[name].location if name else where)


def _managed_policy_map() -> dict[str, str]:
    """Returns the ARN of each AWS managed policy by its name."""
    return {arn.rpartition("/")[2]: arn for arn in load_managed_policies()}


def _known_values(plain: Mapping[str, Any], overrides: Mapping[str, str]) -> dict[str, str]:
    """Returns the given values that the translator may write into its result."""
    declared = plain.get("Parameters")
    parameters = declared if isinstance(declared, dict) else {}
    return {name: text for name, text in overrides.items() if name in parameters and not _is_hidden(parameters[name])}


def _prepare_parameters(plain: Mapping[str, Any]) -> None:
    """Removes the defaults that must not be written into the result: secrets, and names of SSM parameters."""
    declared = plain.get("Parameters")
    for each in declared.values() if isinstance(declared, dict) else ():
        if _is_hidden(each):
            each.pop("Default", None)


def _is_hidden(parameter: object) -> bool:
    if not isinstance(parameter, dict):
        return False
    is_secret = str(parameter.get("NoEcho", "")).lower() == "true"
    return is_secret or str(parameter.get("Type", "")).startswith("AWS::SSM::")


def _is_far_application(resource: object) -> bool:
    """Whether a resource is an application of the Serverless Application Repository."""
    if not isinstance(resource, dict) or resource.get("Type") != _APPLICATION:
        return False
    properties = resource.get("Properties")
    return not isinstance(properties, dict) or not isinstance(properties.get("Location"), str)


def _globals(plain: Mapping[str, Any]) -> list[Any]:
    """Returns the sections of `Globals`, each as the properties of a resource."""
    sections = plain.get("Globals")
    return [{"Properties": each} for each in sections.values()] if isinstance(sections, dict) else []


def _replace_artifacts(resource: object) -> None:
    """Replaces local files and folders of a resource by an object in the bucket that they are uploaded to."""
    properties = resource.get("Properties") if isinstance(resource, dict) else None
    if not isinstance(properties, dict):
        return
    for name in _ARTIFACTS & properties.keys():
        value = properties[name]
        is_remote = (
            value.startswith("s3://") if isinstance(value, str) else isinstance(value, dict) and "Bucket" in value
        )
        if not is_remote:
            properties[name] = f"s3://{_BUCKET}/artifact"
    if properties.get("PackageType") == "Image":
        properties.setdefault("ImageUri", f"{_BUCKET}/artifact")


def _full_form(value: Any) -> Any:
    """Returns a value with `Fn::GetAtt: A.B` as a list, the only form that the translator knows."""
    if isinstance(value, list):
        return [_full_form(each) for each in value]
    if not isinstance(value, dict):
        return value
    attribute = value.get("Fn::GetAtt")
    if len(value) == 1 and isinstance(attribute, str):
        return {"Fn::GetAtt": attribute.split(".", 1)}
    return {name: _full_form(each) for name, each in value.items()}


def _with_places(root: MappingNode, found: dict[str, Any], where: Location) -> MappingNode:
    """Returns the translated template as nodes; what the translator did not change keeps its own places."""
    own = section_of(root, "Resources").entries
    resources = {
        name: _placed(own.get(name), each, _owner_place(name, own, where)) for name, each in found["Resources"].items()
    }
    entries = dict(root.entries)
    entries["Resources"] = MappingEntry(where, MappingNode(resources, where))
    for name in ("Conditions", "Outputs"):
        if name in found:
            entries[name] = _placed(root.entries.get(name), found[name], where)
    return MappingNode(entries, root.location)


def _placed(own: MappingEntry | None, value: Any, where: Location) -> MappingEntry:
    if own is not None and _full_form(python_value(own.node)) == value:
        return own
    return MappingEntry(where, _open_parts(node_of_value(value, where)))


def _owner_place(name: str, own: Mapping[str, MappingEntry], where: Location) -> Location:
    """Returns the place of the resource whose id the name of a made one starts with, the longest such id."""
    for length in range(len(name), 0, -1):
        if name[:length] in own:
            return own[name[:length]].location
    return where


def _open_parts(node: YamlNode, *, in_sub: bool = False) -> YamlNode:
    """Returns a node whose stand-ins for open values are open again."""
    if isinstance(node, ScalarNode):
        text = node.value
        for name, hole in _OPEN_PARTS.items():
            text = text.replace(name, hole)
        if text == node.value or in_sub:
            return ScalarNode(text, node.is_plain, node.location)
        sub = ScalarNode(text, False, node.location)
        return MappingNode({"Fn::Sub": MappingEntry(node.location, sub)}, node.location)
    if isinstance(node, MappingNode):
        entries = {
            name: MappingEntry(entry.location, _open_parts(entry.node, in_sub=name == "Fn::Sub"))
            for name, entry in node.entries.items()
        }
        return MappingNode(entries, node.location)
    nodes = tuple(_open_parts(each, in_sub=in_sub and not index) for index, each in enumerate(node.nodes))
    return node._replace(nodes=nodes)
