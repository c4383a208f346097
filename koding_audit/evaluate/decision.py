"""The decision: AWS's own order of policy types over what each of them says (reference_policies_evaluation-logic)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from koding_audit.evaluate.explaining import because
from koding_audit.evaluate.layers import Layer, Question, consulted
from koding_audit.evaluate.model import Because, Decision, Kind, Policies, Request, Verdict
from koding_audit.evaluate.principals import Grant, requester
from koding_audit.evaluate.truth import Truth, Unsure, all_of, any_of, problem
from koding_audit.frozen import dataclass

# Needs no permission, and no policy takes it away: sts API reference, GetCallerIdentity;
# id_credentials_temp_control-access_getsessiontoken.
_FREE: Mapping[str, frozenset[str]] = {
    "sts:getcalleridentity": frozenset({"user", "role", "session", "federated", "root"}),
    "sts:getsessiontoken": frozenset({"user", "root"}),
}
# Not to be had by these, whatever policies say (id_credentials_temp_request, comparing the STS API operations).
_NEVER: Mapping[str, frozenset[str]] = {
    "sts:getsessiontoken": frozenset({"role", "session", "federated"}),
    "sts:assumerole": frozenset({"root"}),
}
_TRUST = frozenset(
    {
        *("sts:assumerole", "sts:assumerolewithsaml", "sts:assumerolewithwebidentity"),
        *("sts:setcontext", "sts:setsourceidentity", "sts:tagsession"),
    }
)
# KMS actions that are not about a key (service authorization reference): its key policy has no say.
_KEYLESS = frozenset(
    {
        *("kms:createkey", "kms:generaterandom", "kms:listaliases", "kms:listkeys"),
        *("kms:connectcustomkeystore", "kms:createcustomkeystore", "kms:deletecustomkeystore"),
        *("kms:describecustomkeystores", "kms:disconnectcustomkeystore", "kms:updatecustomkeystore"),
    }
)
# Services whose resources RCPs bind (organizations: orgs_manage_policies_rcps).
_RCP_SERVICES = frozenset(
    {
        *("aoss", "cognito-identity", "cognito-idp", "dynamodb", "ecr", "kms"),
        *("logs", "s3", "secretsmanager", "sqs", "sts"),
    }
)
# Services whose resources have no policy of their own (reference_aws-services-that-work-with-iam); IAM's only ones, the
# trust policies of roles, are asked about by actions of sts. Of a service that is not here it is not known.
_NO_RESOURCE_POLICIES = frozenset({"autoscaling", "ec2", "iam", "rds", "route53", "route53domains"})


@dataclass(frozen=True, slots=True)
class _Case:
    """A request with what its policies make of it. needs_resource: without the resource's policy it is not allowed."""

    asked: Question
    policies: Policies
    same_account: bool
    needs_resource: bool
    layers: tuple[Layer, ...]
    gaps: Mapping[Kind, Unsure]
    not_seen: tuple[str, ...]

    def of(self, kind: Kind) -> list[Layer]:
        return [layer for layer in self.layers if layer.kind == kind]


def decide(request: Request, policies: Policies, *, strict: bool = False) -> Decision:
    """Whether the request is allowed, and by which statements. Nothing is raised, whatever the policies hold.

    strict: a layer of the organization or a resource policy that was not available makes the answer unknown wherever
    it could change it; else it is left out, and named in not_seen.
    """
    action = request.action.lower()
    who = requester(request, session_policy=policies.session is not None)
    asked = Question(
        action=action,
        said=request.action,
        service=action.partition(":")[0],
        resource=request.resource,
        context=request.context,
        who=who,
        bounded=policies.boundary is not None,
    )
    if who.kind in _FREE.get(action, ()):
        return Decision("allowed", (Because("AWS", "", None, "", "", f"{request.action} needs no permission"),))
    if who.kind in _NEVER.get(action, ()):
        why = f"{request.action} cannot be called as {'root' if who.kind == 'root' else 'a session'}"
        return Decision("implicit-deny", (Because("AWS", "", None, "", "", why),))
    case = _case(request, asked, policies, strict=strict)
    allow = _allowed(case)
    deny = any_of([*(layer.deny for layer in case.layers), *case.gaps.values()])
    verdict = _verdict(allow, deny)
    keys = [*_keys(allow), *_keys(deny)] if verdict == "unknown" else []
    unread = [each for each in policies.unread if each.kind in case.gaps]
    reasons = because(verdict, case.layers, asked, unread, resource_required=case.needs_resource)
    return Decision(verdict, reasons, tuple(sorted(set(keys))), case.not_seen)


def _case(request: Request, asked: Question, policies: Policies, *, strict: bool) -> _Case:
    account = request.resource_account or _account_of(request.resource)
    same = account in ("", "aws", asked.who.account)  # `aws` owns the policies that every account has
    needs = not same or asked.who.kind == "outside" or _governed(asked)
    bound = _bound(asked, policies, account or asked.who.account)
    optional: set[Kind] = {*bound, "resource"} if needs or asked.service not in _NO_RESOURCE_POLICIES else bound
    heeded: set[Kind] = set() if asked.who.kind in ("outside", "root") else {"identity", "boundary", "session"}
    heeded |= optional if strict else {"resource"} if needs else set()
    gaps = {each.kind: problem(f"{each.what} was not read") for each in policies.unread if each.kind in heeded}
    not_seen = tuple(sorted({each.what for each in policies.unread if each.kind in optional}))
    return _Case(asked, policies, same, needs, tuple(_layers(asked, policies, bound)), gaps, not_seen)


def _bound(asked: Question, policies: Policies, account: str) -> set[Kind]:
    """The policy types of the organization that bind this request."""
    who, manager = asked.who, policies.management_account
    bound: set[Kind] = set()
    if who.service_linked:
        return bound
    if who.kind != "outside" and not (manager and manager == who.account):
        bound.add("scp")
    if asked.service in _RCP_SERVICES and asked.action != "kms:retiregrant" and not (manager and manager == account):
        bound.add("rcp")
    return bound


def _layers(asked: Question, policies: Policies, bound: set[Kind]) -> Iterator[Layer]:
    kind = asked.who.kind
    if "rcp" in bound:
        for number, level in enumerate(policies.rcps, start=1):
            yield consulted("rcp", f"RCP level {number}", level, asked)
    if "scp" in bound:
        for number, level in enumerate(policies.scps, start=1):
            yield consulted("scp", f"SCP level {number}", level, asked)
    yield consulted("resource", "resource policy", policies.resource, asked)
    if kind not in ("outside", "root"):
        yield consulted("identity", "identity policies", policies.identity, asked)
        if policies.boundary is not None:
            yield consulted("boundary", "permissions boundary", policies.boundary, asked)
        if policies.session is not None:
            yield consulted("session", "session policy", policies.session, asked)


def _allowed(case: _Case) -> Truth:
    """Every layer that binds allows, and one that grants does."""
    kind = case.asked.who.kind
    # Without a session policy GetFederationToken gives a session no permissions of its own.
    whole = kind != "federated" or case.policies.session is not None or "session" in case.gaps
    limits = all_of((whole, _within(case, "boundary"), _within(case, "session")))
    identity = any_of((kind == "root", *(each.allow for each in case.of("identity")), _gap(case, "identity")))
    grants = [each.grants for each in case.of("resource")]
    unread = _gap(case, "resource")
    direct = any_of((unread, *(each.get(Grant.DIRECT, False) for each in grants)))
    role = any_of(each.get(Grant.ROLE, False) for each in grants)
    named = any_of((unread, *(truth for each in grants for truth in each.values())))
    if kind == "outside":
        granted = direct
    elif not case.same_account:
        granted = all_of((identity, limits, named))
    else:
        delegated = named if case.needs_resource else True
        granted = any_of((direct, all_of((role, limits)), all_of((identity, limits, delegated))))
    return all_of((granted, _within(case, "scp"), _within(case, "rcp")))


def _within(case: _Case, kind: Kind) -> Truth:
    """Whether a limiting type allows: each of its levels. One that is not there limits nothing."""
    found = [layer.allow for layer in case.layers if layer.kind == kind]
    gap = case.gaps.get(kind)
    return all_of(found) if gap is None else all_of([gap, *(any_of((allow, gap)) for allow in found)])


def _gap(case: _Case, kind: Kind) -> Truth:
    return case.gaps.get(kind, False)


def _governed(asked: Question) -> bool:
    """A role's trust policy and a key's policy must allow by themselves.

    `*` stands for any resource in an open request; in a complete one it names no role and no key.
    """
    any_resource = asked.resource == "*" and not asked.context.complete
    kind = asked.resource.split(":", 5)[-1].partition("/")[0]
    if asked.action in _TRUST:
        return kind == "role" or any_resource
    return asked.service == "kms" and asked.action not in _KEYLESS and (kind == "key" or any_resource)


def _account_of(arn: str) -> str:
    parts: Sequence[str] = arn.split(":", 5)
    return parts[4] if len(parts) == 6 and parts[0] == "arn" and "*" not in parts[4] else ""


def _verdict(allow: Truth, deny: Truth) -> Verdict:
    if deny is True:
        return "explicit-deny"
    if allow is False:
        return "implicit-deny"
    return "allowed" if allow is True and deny is False else "unknown"


def _keys(truth: Truth) -> frozenset[str]:
    return truth.keys if isinstance(truth, Unsure) else frozenset()
