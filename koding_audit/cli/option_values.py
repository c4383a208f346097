"""Values made from the option groups that commands share: each function reads one group of cli/options."""

from __future__ import annotations

import argparse

from koding_audit.aws.settings import Settings
from koding_audit.cli.finish import ReportOptions
from koding_audit.cli.skipped_rules import skipped_rules
from koding_audit.model.errors import InputError
from koding_audit.model.frozen import replace
from koding_audit.remediation.options import WriteOptions
from koding_audit.scan.options import DesiredOptions, RuleSelection, ScanOptions, SourceOptions


def live_source(namespace: argparse.Namespace) -> SourceOptions:
    """The live account, for a command that has no `--source`."""
    settings = Settings(
        profile=namespace.profile,
        region=namespace.region,
        role_arn=namespace.role_arn,
        external_id=namespace.external_id,
        endpoint_url=namespace.endpoint_url,
        allow_endpoint=namespace.allow_endpoint,
        timeout=namespace.timeout,
    )
    return SourceOptions(account=namespace.account or "", settings=settings)


def named_source(namespace: argparse.Namespace) -> SourceOptions:
    """The source that `--source` names."""
    return replace(live_source(namespace), source=namespace.source)


def source_with_policies(namespace: argparse.Namespace) -> SourceOptions:
    """The source that `--source` names, with the policies of `--scp`, `--rcp` and `--vpce`. Raises InputError."""
    if len(namespace.vpce) > 1:
        raise InputError("--vpce is given twice, but a call goes through one VPC endpoint", "run it for each endpoint")
    source = named_source(namespace)
    return replace(source, scps=tuple(namespace.scp), rcps=tuple(namespace.rcp), vpce="".join(namespace.vpce))


def selected_scan(namespace: argparse.Namespace) -> ScanOptions:
    """The source, the desired state and the rules, for a command that selects all of them."""
    return ScanOptions(
        source=source_with_policies(namespace),
        desired=DesiredOptions(tuple(namespace.files), tuple(namespace.with_sets), namespace.strict),
        rules=RuleSelection(tuple(namespace.only), skipped_rules(namespace)),
        stacks=tuple(namespace.stack),
        principal=namespace.principal,
        parameters=tuple(namespace.parameter),
    )


def report_options(namespace: argparse.Namespace) -> ReportOptions:
    """Where the report goes, and which findings give status 1."""
    return ReportOptions(tuple(namespace.output), namespace.fail_on, namespace.exit_zero)


def write_options(namespace: argparse.Namespace) -> WriteOptions:
    """What may be written, for a command without `--create` and `--replace`."""
    return WriteOptions(
        allow_admin=namespace.allow_admin,
        yes=namespace.yes,
        dry_run=namespace.dry_run,
        journal=namespace.journal,
        max_changes=namespace.max_changes,
    )
