"""Reads one file of a stack script, or a template that it names, into a tree of nodes."""

from __future__ import annotations

import contextlib
import hashlib

from koding_audit.io import files
from koding_audit.io.yaml_nodes import YamlNode
from koding_audit.model.errors import InputError
from koding_audit.model.frozen import dataclass
from koding_audit.model.location import SourceFile
from koding_audit.stack.hcl_grammar import HclParser
from koding_audit.stack.limits import MOST_MIB


@dataclass(frozen=True, slots=True)
class ScriptFile:
    """A file that was read.

    file: its path and hash
    text: its content
    """

    file: SourceFile
    text: str

    @property
    def path(self) -> str:
        """Its path, as the user gave it or as another file names it."""
        return self.file.path

    def parse(self, hcl_parser: HclParser | None = None) -> YamlNode:
        """Returns the tree of nodes, by the format of the file. Raises InputError with the place.

        hcl_parser: the parser of all files in HCL of a script, None for a new one
        """
        return _parse_text(self.text, self.path, hcl_parser)


def read_script_file(path: str) -> ScriptFile:
    """Returns a file of a script. Raises InputError."""
    spec = files.FileSpec("a stack script", MOST_MIB, too_large="split it; all scripts of a folder are read together")
    content = files.read_file(path, spec).data
    return ScriptFile(SourceFile(path, hashlib.sha256(content).hexdigest()), files.decode_utf8(content, path))


def _parse_text(text: str, path: str, hcl_parser: HclParser | None) -> YamlNode:
    if path.endswith((".tf", ".tofu", ".tfvars")):
        from koding_audit.stack import hcl  # noqa: PLC0415 - each format loads what it needs

        read = hcl.read_hcl_values if path.endswith(".tfvars") else hcl.read_hcl_script
        return read(text, path, hcl_parser or HclParser())
    from koding_audit.stack.json_source import read_json_script  # noqa: PLC0415 - as above

    if path.endswith(".json"):
        return read_json_script(text, path)
    from koding_audit.stack.yaml_source import read_yaml_script  # noqa: PLC0415 - as above

    if text.lstrip()[:1] == "{":  # JSON in a YAML file; YAML parsers reject a few of its characters
        with contextlib.suppress(InputError):
            return read_json_script(text, path)
    return read_yaml_script(text, path)
