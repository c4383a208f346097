"""Says by hashes which run a result belongs to: every option counts, except those with a reason here."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass

from koding_audit import __version__
from koding_audit.accounts.options import AccountsOptions
from koding_audit.desired.targets import TargetAccount
from koding_audit.io.json_text import write_json
from koding_audit.model.desired import Desired
from koding_audit.scan.run import Run

SELECTS_ACCOUNTS: Mapping[str, str] = {
    "source.account": "it selects an account",
    "accounts.targets": "they select accounts; what holds in an account is in its own fingerprint",
}
"""Options that decide which accounts are audited, each with the reason why a result does not depend on it."""

WITHOUT_EFFECT: Mapping[str, str] = {
    "source.source": "accounts of targets are read live only",
    "source.settings.profile": "it selects credentials; the role of the target reads the account",
    "source.settings.region": "it selects the partition, which counts itself",
    "source.settings.role_arn": "as the profile",
    "source.settings.external_id": "as the profile",
    "source.settings.allow_endpoint": "it allows the endpoint, which counts itself",
    "source.settings.timeout": "too little time makes a result incomplete, and such a one is not kept",
    "source.scps": "refused with targets",
    "source.rcps": "refused with targets",
    "source.vpce": "refused with targets",
    "desired.files": "their content counts itself",
    "desired.without_waivers": "it refuses files, and changes no result",
    "baseline": "its content counts itself",
    "accounts.shard": "it selects accounts; the count of shards counts in the identity of a shard",
    "accounts.run": "a name",
    "accounts.resume": "where results are kept",
    "accounts.keep_going": "only for writes, which are not resumed",
    "accounts.engine.engine": "every engine has the same results",
    "accounts.engine.parallel": "as the engine",
    "accounts.engine.workers": "as the engine",
    "accounts.engine.scheduler": "as the engine",
    "accounts.engine.tls_ca": "as the engine",
    "accounts.engine.tls_cert": "as the engine",
    "accounts.engine.tls_key": "as the engine",
}
"""Options that are in no hash, each with the reason."""

_UNORDERED = ("desired.with_sets", "rules.only", "rules.skip", "accounts.targets")


def fingerprint_run(run: Run, options: AccountsOptions, desired: Desired, partition: str) -> str:
    """Return the hash of all that the results of a run depend on, for every account."""
    files = [[each.path, each.sha256] for each in desired.files]
    chosen = [each for each in option_values(run, options) if each[0] not in SELECTS_ACCOUNTS]
    return _hash_values([__version__, files, partition, chosen, _content_hashes(run)])


def fingerprint_account(run: str, account: TargetAccount) -> str:
    """Return the hash of all that the result of one account depends on.

    run: the fingerprint of the run.
    """
    return _hash_values([run, account.account_id, account.role, account.external_id, sorted(account.targets)])


def hash_shard_inputs(run: Run, options: AccountsOptions, desired: Desired, count: int) -> str:
    """Return the hash that all shards of a run have in common, from the files, the options and the count of shards."""
    files = [each.sha256 for each in desired.files]  # without paths: each job may have its own folder
    return _hash_values([files, count, list(option_values(run, options)), _content_hashes(run)])


def hash_run_inputs(run: Run, options: AccountsOptions, desired: Desired) -> str:
    """Return the hash that the reports of a run have in common, of which each may be of an account of its own.

    Not how an account is reached, nor its baseline: these differ from one to the next.
    """
    files = [each.sha256 for each in desired.files]
    chosen = [each for each in option_values(run, options) if not each[0].startswith("source.")]
    return _hash_values([files, chosen, _script_hashes(run)])


def hash_account_ids(accounts: Sequence[TargetAccount]) -> str:
    """Return the hash of the ids of all accounts of a run."""
    return _hash_values([each.account_id for each in accounts])


def option_values(run: Run, options: AccountsOptions) -> Iterator[tuple[str, object]]:
    """Yield the name and value of each option that a result depends on, or that selects accounts."""
    yield from _option_values(run.options, "")
    yield from _option_values(options, "accounts.")


def _option_values(group: object, path: str) -> Iterator[tuple[str, object]]:
    for each in fields(group):  # type: ignore[arg-type]
        name, value = f"{path}{each.name}", getattr(group, each.name)
        if is_dataclass(value):
            yield from _option_values(value, f"{name}.")
        elif name not in WITHOUT_EFFECT:
            yield name, sorted(set(value)) if name in _UNORDERED else value


def _content_hashes(run: Run) -> list[object]:
    """Return the hashes of the files, apart from the desired state, that a result depends on."""
    return [_script_hashes(run), run.baseline.file.sha256 if run.baseline else None]


def _script_hashes(run: Run) -> list[str]:
    scripts = run.scripts.scripts if run.scripts else ()
    return [each.sha256 for script in scripts for each in script.files]


def _hash_values(values: Sequence[object]) -> str:
    return hashlib.sha256(write_json(values).encode()).hexdigest()
