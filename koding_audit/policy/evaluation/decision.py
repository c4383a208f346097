"""Decides a request: combines the policy types in AWS's order (reference_policies_evaluation-logic)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from koding_audit.model.frozen import dataclass
from koding_audit.policy.evaluation.built_in import consult_endpoint, decide_without_policies
from koding_audit.policy.evaluation.layers import Layer, ParsedRequest, consult_layer, doubt_refusals
from koding_audit.policy.evaluation.principals import Grant, parse_requester
from koding_audit.policy.evaluation.reasons import DATA_CLAUSE, explain_verdict
from koding_audit.policy.evaluation.request import (
    IDENTITY_LAYER,
    AccessRequest,
    AccessVerdict,
    Decision,
    Policies,
    PolicyType,
    Reason,
)
from koding_audit.policy.evaluation.ternary import Truth, Unsure, all_of, any_of, unsure_because
from koding_audit.reference.aws_reference import AwsReference
from koding_audit.reference.services import ServiceTable

# The types that limit every grant. Boundary and session policy do not limit a resource policy's direct grant.
_LIMITING_TYPES: tuple[PolicyType, ...] = ("scp", "rcp", "vpce")


@dataclass(frozen=True, slots=True)
class _Evaluation:
    """A request with the results of its layers.

    request: the parsed request.
    policies: the policies that apply to it.
    same_account: whether the resource belongs to the requester's account.
    needs_resource: whether the resource's own policy must allow it.
    layers: the result of each layer.
    gaps: for each type that was not read completely and counts, why it is unsure.
    not_seen: layers that were not available and are left out.
    """

    request: ParsedRequest
    policies: Policies
    same_account: bool
    needs_resource: bool
    layers: tuple[Layer, ...]
    gaps: Mapping[PolicyType, Unsure]
    not_seen: tuple[str, ...]


def decide(request: AccessRequest, policies: Policies, reference: AwsReference, *, strict: bool = False) -> Decision:
    """Decide whether the request is allowed, and by which statements. Never raises, for any content of the policies.

    reference: what is known of AWS.
    strict: whether a layer of the organization or a resource policy that was not available makes the verdict unknown
        if it could change it; otherwise it is left out, and named in not_seen.
    """
    parsed = _parse_request(request, policies, reference)
    built_in = decide_without_policies(parsed, policies.vpce, reference)
    if built_in is not None:
        return built_in
    case = _consult_policies(request, parsed, policies, reference, strict=strict)
    allow = _is_allowed(case)
    deny = any_of([*(layer.deny for layer in case.layers), *case.gaps.values()])
    verdict = _final_verdict(allow, deny)
    unread = [each for each in policies.unread if each.kind in case.gaps]
    reasons = explain_verdict(verdict, case.layers, parsed, unread, resource_required=case.needs_resource)
    if verdict != "unknown":
        return Decision(verdict, reasons, (), case.not_seen)
    keys = tuple(sorted(_open_keys(allow) | _open_keys(deny)))
    return Decision(verdict, (*reasons, *_unknown_key_reasons(keys, reference)), keys, case.not_seen)


def _parse_request(request: AccessRequest, policies: Policies, reference: AwsReference) -> ParsedRequest:
    action = request.action.lower()
    service = action.partition(":")[0]
    return ParsedRequest(
        action=action,
        written_action=request.action,
        service=service,
        has_gateways=service in reference.services.gateway_services,
        resource=request.resource,
        context=request.context,
        requester=parse_requester(request, session_policy=policies.session is not None),
        has_boundary=policies.boundary is not None,
    )


def _consult_policies(
    request: AccessRequest, parsed: ParsedRequest, policies: Policies, reference: AwsReference, *, strict: bool
) -> _Evaluation:
    services, account = reference.services, request.resource_account or _account_of_arn(request.resource)
    same = account in ("", "aws", parsed.requester.account)  # `aws` owns the policies that every account has
    needs = not same or parsed.requester.kind == "outside" or _needs_resource_policy(parsed, services)
    rcps_apply = _do_rcps_apply(parsed, reference)
    is_service_linked = parsed.requester.is_service_linked(reference.reserved)
    owner = account or parsed.requester.account
    limits = _organization_types(parsed, policies, owner, rcps_apply, is_service_linked=is_service_linked)
    layers = tuple(_consult_layers(parsed, policies, limits, rcps_apply))
    if not policies.unread:
        return _Evaluation(parsed, policies, same, needs, layers, {}, ())
    is_about_resource = not services.is_wildcard_only(parsed.service, parsed.action)
    has_resource_policy = needs or (is_about_resource and services.may_have_policy(parsed.service, parsed.resource))
    optional: set[PolicyType] = {*limits, "session", *(("resource",) if has_resource_policy else ())}
    counted: set[PolicyType] = set() if parsed.requester.kind in ("outside", "root") else {"identity", "boundary"}
    counted |= {"session"} if parsed.requester.kind == "federated" else set()  # all of its permissions
    counted |= optional if strict else {"resource"} if needs else set()
    gaps = {each.kind: unsure_because(f"{each.what} was not read") for each in policies.unread if each.kind in counted}
    not_seen = tuple(sorted({each.what for each in policies.unread if each.kind in optional}))
    return _Evaluation(parsed, policies, same, needs, layers, gaps, not_seen)


def _do_rcps_apply(parsed: ParsedRequest, reference: AwsReference) -> Truth:
    """Whether RCPs apply to the request in a member account; unsure for what the reference does not describe."""
    applies = reference.services.rcps_apply(parsed.service, parsed.action)
    if applies is None:
        what = parsed.action if parsed.service in reference.services.names else parsed.service
        return unsure_because(f"whether RCPs apply to {what} is not known: {_data_of(reference.date)}")
    return applies and not reference.owned.is_exempt_from_rcps(parsed.resource)


def _organization_types(
    parsed: ParsedRequest, policies: Policies, account: str, rcps_apply: Truth, *, is_service_linked: bool
) -> set[PolicyType]:
    """The policy types of the organization that apply to this request, or may apply."""
    requester, manager = parsed.requester, policies.management_account
    types: set[PolicyType] = set()
    if is_service_linked:
        return types
    if requester.kind != "outside" and not (manager and manager == requester.account):
        types.add("scp")
    if rcps_apply is not False and not (manager and manager == account):
        types.add("rcp")
    return types


def _consult_layers(
    parsed: ParsedRequest, policies: Policies, limits: set[PolicyType], rcps_apply: Truth
) -> Iterator[Layer]:
    kind = parsed.requester.kind
    if "rcp" in limits:
        for number, level in enumerate(policies.rcps, start=1):
            layer = consult_layer("rcp", f"RCP level {number}", level, parsed)
            yield layer if rcps_apply is True else doubt_refusals(layer, rcps_apply)
    if "scp" in limits:
        for number, level in enumerate(policies.scps, start=1):
            yield consult_layer("scp", f"SCP level {number}", level, parsed)
    yield consult_layer("resource", "resource policy", policies.resource, parsed)
    if kind not in ("outside", "root"):
        yield consult_layer("identity", IDENTITY_LAYER, policies.identity, parsed)
        if policies.boundary is not None:
            yield consult_layer("boundary", "permissions boundary", policies.boundary, parsed)
        if policies.session is not None:
            yield consult_layer("session", "session policy", policies.session, parsed)
    if policies.vpce is not None:  # last, so that the reasons of a verdict name first what grants
        yield consult_endpoint(policies.vpce, parsed)


def _is_allowed(case: _Evaluation) -> Truth:
    """Whether every limiting layer allows, and at least one granting layer does."""
    kind = case.request.requester.kind
    # Without a session policy, a session of GetFederationToken has no permissions of its own.
    has_own = kind != "federated" or case.policies.session is not None or "session" in case.gaps
    limits = all_of((has_own, _is_within_limit(case, "boundary"), _is_within_limit(case, "session")))
    own = [layer.allow for layer in case.layers if layer.kind == "identity"]
    identity = any_of((kind == "root", *own, _gap_truth(case, "identity")))
    direct, role, named = _resource_grants(case)
    if kind == "outside":
        granted = direct
    elif not case.same_account:
        granted = all_of((identity, limits, named))
    else:
        delegated = named if case.needs_resource else True
        granted = any_of((direct, all_of((role, limits)), all_of((identity, limits, delegated))))
    return all_of((granted, *(_is_within_limit(case, each) for each in _LIMITING_TYPES)))


def _resource_grants(case: _Evaluation) -> tuple[Truth, Truth, Truth]:
    """Whether the resource's policy allows the requester itself, its role, and it in any way, also by its account."""
    unread = _gap_truth(case, "resource")
    found = next(layer.grants for layer in case.layers if layer.kind == "resource")
    if not found:
        return unread, False, unread
    direct = any_of((unread, found.get(Grant.DIRECT, False), found.get(Grant.MAYBE_DIRECT, False)))
    return direct, found.get(Grant.ROLE, False), any_of((unread, *found.values()))


def _is_within_limit(case: _Evaluation, kind: PolicyType) -> Truth:
    """Whether each level of a limiting type allows. A type without layers limits nothing."""
    found = [layer.allow for layer in case.layers if layer.kind == kind]
    gap = case.gaps.get(kind)
    if not found and gap is None:
        return True
    return all_of(found) if gap is None else all_of([gap, *(any_of((allow, gap)) for allow in found)])


def _gap_truth(case: _Evaluation, kind: PolicyType) -> Truth:
    return case.gaps.get(kind, False)


def _needs_resource_policy(parsed: ParsedRequest, services: ServiceTable) -> bool:
    """Whether the resource's own policy must allow the request, as for a role's trust policy and a KMS key policy.

    `*` stands for any resource in an open request; in a complete one it names no role and no key.
    """
    any_resource = parsed.resource == "*" and not parsed.context.is_complete
    kind = parsed.resource.split(":", 5)[-1].partition("/")[0]
    if parsed.action in services.trust_policy_actions:
        return kind == "role" or any_resource
    return services.is_about_key(parsed.action) and (kind == "key" or any_resource)


def _unknown_key_reasons(keys: Iterable[str], reference: AwsReference) -> Iterator[Reason]:
    for key in (each for each in keys if reference.condition_keys.is_unknown(each)):
        yield Reason("AWS", "", None, "", "", f"{key} is not a known condition key: {_data_of(reference.date)}")


def _data_of(date: str) -> str:
    return f"{DATA_CLAUSE} {date}"


def _account_of_arn(arn: str) -> str:
    parts: Sequence[str] = arn.split(":", 5)
    return parts[4] if len(parts) == 6 and parts[0] == "arn" and "*" not in parts[4] else ""


def _final_verdict(allow: Truth, deny: Truth) -> AccessVerdict:
    if deny is True:
        return "explicit-deny"
    if allow is False:
        return "implicit-deny"
    return "allowed" if allow is True and deny is False else "unknown"


def _open_keys(truth: Truth) -> frozenset[str]:
    return truth.keys if isinstance(truth, Unsure) else frozenset()
