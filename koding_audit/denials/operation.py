"""The action of a denied API operation, as far as it is certain."""

from __future__ import annotations

from dataclasses import replace

from koding_audit.denials.knowledge import DenialTables
from koding_audit.denials.values import Denial

_READS = ("Describe", "Get", "List")


def with_operation(denial: Denial, tables: DenialTables, service: str, operation: str, *, certain: bool) -> Denial:
    """Return a denial with its operation, and with the action if only one can be meant; else with those that may be.

    certain: whether the message is about the operation's own action. It is not where a service denies for the actions
        that an operation needs besides, such as iam:PassRole.
    """
    if not service:
        return denial
    known = tables.actions
    found = tables.operations.actions_of(service, operation, known)
    denial = replace(denial, operation=f"{service}:{operation}", service=service)
    if denial.action is not None:
        return denial
    only_reads = operation.startswith(_READS)
    if len(found) == 1 and (certain or only_reads) and (not denial.encoded or only_reads):
        return replace(denial, action=found[0], inferred=True)
    return replace(denial, likely=denial.likely or tables.operations.candidates_of(service, operation, known))


def is_about_object(tables: DenialTables, service: str, operation: str) -> bool:
    """Whether an operation is on an S3 object: S3 then denies for a missing object, its KMS key and its ACL too."""
    found = tables.operations.actions_of(service, operation, tables.actions) if service == "s3" else ()
    described = [each for each in found if tables.actions.is_described(each)]
    return any(kind.name == "object" for each in described for kind in tables.actions.resource_types(each))
