"""What a reading says to a person, in lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from koding_audit.denials.json_form import plain_name
from koding_audit.denials.values import Denial, DenialLayer, Reading

_LAYERS: Mapping[DenialLayer, str] = {
    "identity": "identity-based policies",
    "resource": "the resource's policy, or the trust policy of the role",
    "boundary": "the permissions boundary",
    "session": "the session policy",
    "scp": "a service control policy (SCP)",
    "rcp": "a resource control policy (RCP)",
    "vpce": "the policy of the VPC endpoint",
}


def describe_reading(reading: Reading) -> Iterator[str]:
    """Yield the lines of the answer; they are not escaped."""
    for number, each in enumerate(reading.denials):
        if number:
            yield ""
        yield from _describe_denial(each)
    if not reading.denials:
        yield "No denial found."
    for other in reading.look_alikes:
        yield f"Not a denial by a policy: {other.text}"
        yield f"  do         {other.advice}"


def _describe_denial(denial: Denial) -> Iterator[str]:
    yield f"Denied: {denial.action or 'an action that the text does not name'}{_inferred(denial)}"
    if denial.likely and not denial.action:
        yield f"  perhaps    {', '.join(denial.likely)}"
    yield f"  principal  {_name(denial.principal, denial.principal_text) or denial.hint or 'not in the text'}"
    yield f"  resource   {_name(denial.resource, denial.resource_text) or 'not in the text'}"
    yield f"  cause      {_cause(denial)}"
    if policy := _name(denial.policy, denial.policy_text):
        yield f"  policy     {policy}"
    if denial.authorization_id:
        yield f"  id         {denial.authorization_id}"
    if denial.encoded:
        yield "  encoded    the text has an encoded message; sts:DecodeAuthorizationMessage decodes it"
    if denial.doubt:
        yield f"  doubt      {denial.doubt}"
    if denial.repeats > 1:
        yield f"  repeats    {denial.repeats:,} times in the text"


def _inferred(denial: Denial) -> str:
    return f" (inferred from {denial.operation or 'the wording'})" if denial.inferred else ""


def _name(arn: str | None, text: str | None) -> str | None:
    return arn or plain_name(text)


def _cause(denial: Denial) -> str:
    """The effect and the layer, as far as the text reports them."""
    layer = _LAYERS.get(denial.layer)
    if denial.effect == "explicit-deny":
        return f"an explicit deny in {layer}" if layer else "an explicit deny; the text does not say in which policy"
    if denial.effect == "implicit-deny":
        return f"no allow in {layer}" if layer else "no policy allows it; the text does not name its type"
    return "not in the text"
