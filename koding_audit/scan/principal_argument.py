"""Reads the PRINCIPAL of a question: a name, an ARN as AWS prints it, or `me`."""

from __future__ import annotations

from koding_audit.model.account import Account, Caller, PrincipalKind
from koding_audit.model.errors import InputError
from koding_audit.model.frozen import dataclass

_HINT = "write user/NAME, group/NAME, role/NAME, or its ARN"


@dataclass(frozen=True, slots=True)
class PrincipalName:
    """A principal of the account by name.

    kind: its kind.
    name: its name, without its path.
    session: the name of a role's session if the question is about one, else "".
    """

    kind: PrincipalKind
    name: str
    session: str = ""


def resolve_principal(text: str, account: Account, caller: Caller | None) -> PrincipalName:
    """The principal that a text names. Raises InputError.

    text: `user/NAME`, `group/NAME`, `role/NAME`, an ARN of the account (also of a role's session, as AccessDenied and
        GetCallerIdentity print it), or `me` for the caller.
    """
    if text == "me":
        if caller is None:
            raise InputError("`me` is not known: the source does not contain its caller", _HINT)
        return _resolve_arn(caller.arn, account, f"the caller {caller.arn}")
    if not text.startswith("arn:"):
        return _parse_path("iam", text, text)
    return _resolve_arn(text, account, text)


def _resolve_arn(arn: str, account: Account, text: str) -> PrincipalName:
    """The principal of an ARN; text: how an error names it."""
    _, partition, service, _, owner, path = (*arn.split(":", 5), *[""] * 5)[:6]
    if (partition, owner) != (account.partition, account.id):
        where = f"account {account.id}" if partition == account.partition else f"partition {account.partition}"
        raise InputError(f"{text} is not of {where}", "use the credentials of its account")
    return _parse_path(service, path, text)


def _parse_path(service: str, path: str, text: str) -> PrincipalName:
    """The principal of `user/team/ada` of IAM, or of `assumed-role/NAME/SESSION` of STS.

    text: how an error names it.
    """
    kind, _, rest = path.partition("/")
    name = rest.rpartition("/")[2]
    if kind == "root" and service == "iam":
        raise InputError(
            f"{text} is the root user, about which `can` makes no decision",
            "no identity policy limits root, only SCPs, RCPs and resource policies; ask about a user or a role",
        )
    if service == "iam" and name:
        if kind == "user":
            return PrincipalName("user", name)
        if kind == "group":
            return PrincipalName("group", name)
        if kind == "role":
            return PrincipalName("role", name)
    if service == "sts" and name:
        return _parse_session(kind, rest, text)
    raise InputError(f"{text} is not a user, group or role", _HINT)


def _parse_session(kind: str, rest: str, text: str) -> PrincipalName:
    """The role of a session. Its ARN has the role's name without the path (IAM user guide, reference_identifiers)."""
    role, _, session = rest.partition("/")
    if kind == "assumed-role" and role and session and "/" not in session:
        return PrincipalName("role", role, session)
    if kind == "federated-user":
        # Its name is a parameter of GetFederationToken, and its permissions are those of the user that called it
        # (id_credentials_temp_control-access_getfederationtoken).
        raise InputError(
            f"{text} does not say which IAM user has its permissions",
            "ask about the user that called GetFederationToken: sessionIssuer of its events in CloudTrail",
        )
    raise InputError(f"{text} is not a user, group or role", _HINT)
