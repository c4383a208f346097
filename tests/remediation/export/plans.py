"""Plans for the tests of every form: of given actions, one with every kind of step, and any with hostile texts."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable, Iterable
from typing import Any

from hypothesis import strategies as st

from koding_audit.model.finding import Action, Change
from koding_audit.model.plan import Basis, Plan, Step
from koding_audit.model.verb import Verb
from tests.values import ACCOUNT, NOW, aws, own

DOCUMENT = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": ["s3:GetObject", "s3:PutObject"],
                "Resource": "arn:aws:s3:::home/${aws:username}/*",
                "Condition": {"Null": {"aws:MultiFactorAuthAge": "false"}, "Bool": {"aws:SecureTransport": True}},
            }
        ],
    }
)
TAKEN_AWAY = (
    Action(Verb.REMOVE_USER_FROM_GROUP, {"GroupName": "Developers", "UserName": "eve"}),
    Action(Verb.DETACH_GROUP_POLICY, {"GroupName": "Developers", "PolicyArn": aws("IAMFullAccess")}),
    Action(Verb.DELETE_USER_POLICY, {"UserName": "eve", "PolicyName": "stray"}),
)


def plan(*actions: Action, change: Change = "add") -> Plan:
    basis = Basis(ACCOUNT, NOW, (), (), (), (), create=False, replace=False, state="")
    return Plan(basis, tuple(Step(action, f"rule/\n{action.verb.value}", change, {}) for action in actions))


def everything() -> Plan:
    """Each kind of step, on what the plan makes and on what is there."""
    tags = [{"Key": "team", "Value": "two words: - /"}]
    return plan(
        Action(Verb.CREATE_GROUP, {"GroupName": "Dev+Ops"}),
        Action(Verb.CREATE_USER, {"UserName": "ada", "Path": "/people/", "Tags": tags}),
        Action(Verb.CREATE_POLICY, {"PolicyName": "logs", "Path": "/team/", "PolicyDocument": DOCUMENT}),
        Action(Verb.CREATE_USER, {"UserName": "eve", "PermissionsBoundary": own("team/logs")}),
        Action(Verb.ATTACH_USER_POLICY, {"UserName": "eve", "PolicyArn": own("team/logs")}),
        Action(Verb.ATTACH_GROUP_POLICY, {"GroupName": "Dev+Ops", "PolicyArn": aws("IAMReadOnlyAccess")}),
        Action(Verb.ATTACH_GROUP_POLICY, {"GroupName": "Dev+Ops", "PolicyArn": own("team/logs")}),
        Action(Verb.ATTACH_USER_POLICY, {"UserName": "koding-user", "PolicyArn": own("team/logs")}),
        Action(Verb.ATTACH_ROLE_POLICY, {"RoleName": "app", "PolicyArn": aws("service-role/AWSLambdaRole")}),
        Action(Verb.ADD_USER_TO_GROUP, {"GroupName": "Dev+Ops", "UserName": "ada"}),
        Action(Verb.ADD_USER_TO_GROUP, {"GroupName": "Developers", "UserName": "koding-user"}),
        Action(Verb.PUT_ROLE_POLICY, {"RoleName": "app", "PolicyName": "note", "PolicyDocument": DOCUMENT}),
        Action(
            Verb.CREATE_POLICY_VERSION,
            {"PolicyArn": own("team/old"), "PolicyDocument": DOCUMENT, "SetAsDefault": True},
        ),
        *TAKEN_AWAY,
    )


def told(actions: Iterable[Action]) -> list[tuple[str, Any]]:
    """Actions as plain values that can be compared, documents as what they say."""
    return [(each.verb.value, {**each.parameters, **_said(each)}) for each in actions]


def _said(action: Action) -> dict[str, Any]:
    given = action.parameters
    return {"PolicyDocument": json.loads(given["PolicyDocument"])} if "PolicyDocument" in given else {}


# Hostile: anything that is text, and often what means something in HCL, YAML or CloudFormation.
_TEXTS = st.lists(
    st.sampled_from(
        ["${", "$${", "%{", "}", '"', "\\", "\n", "#", "{{", "\u2028", "- ", ": ", "!Ref ", "for", "Null", "\x00", "no"]
    )
    | st.text(max_size=4),
    min_size=1,
    max_size=4,
).map(lambda parts: unicodedata.normalize("NFC", "".join(parts)))
NAMES = _TEXTS.filter(bool) | st.text("aB1_+=,.@-", min_size=1, max_size=6)
_VALUES = st.recursive(
    NAMES | st.booleans() | st.none() | st.integers(-(10**6), 10**6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=6,
)
_DOCUMENTS = st.dictionaries(NAMES, _VALUES, max_size=3).map(json.dumps)


@st.composite
def plans(draw: Callable[[Any], Any]) -> Plan:
    """A few steps of every kind on what the plan makes and on what is there, under hostile names."""
    (made, there), path = draw(_pair(NAMES)), draw(NAMES)
    document = draw(_DOCUMENTS)
    policy = own(f"{path}/{made}")
    both = [(kind, name) for kind in ("Group", "User") for name in (made, there)] + [("Role", there)]
    tags = [{"Key": name, "Value": draw(NAMES)} for name in draw(_pair(NAMES))]
    actions = [
        Action(Verb.CREATE_GROUP, {"GroupName": made}),
        Action(Verb.CREATE_USER, {"UserName": made, "Path": f"/{path}/", "Tags": tags}),
        Action(Verb.CREATE_POLICY, {"PolicyName": made, "Path": f"/{path}/", "PolicyDocument": document}),
        Action(
            Verb.CREATE_USER, {"UserName": f"{made}2", "PermissionsBoundary": draw(st.sampled_from([policy, there]))}
        ),
    ]
    for kind, name in both:
        attach, put, named = Verb(f"Attach{kind}Policy"), Verb(f"Put{kind}Policy"), {f"{kind}Name": name}
        actions += [Action(attach, {**named, "PolicyArn": arn}) for arn in (policy, own(there), aws(made))]
        actions += [Action(put, {**named, "PolicyName": made, "PolicyDocument": document})]
    actions += [
        Action(Verb.ADD_USER_TO_GROUP, {"GroupName": group, "UserName": user})
        for group in (made, there)
        for user in (made, there)
    ]
    version = {"PolicyArn": own(f"{path}/{there}"), "PolicyDocument": document, "SetAsDefault": True}
    actions += [Action(Verb.CREATE_POLICY_VERSION, version)]
    chosen = draw(st.sets(st.sampled_from(range(len(actions))), max_size=6))
    return plan(*(actions[index] for index in sorted(chosen)), *TAKEN_AWAY)


def _pair(names: Any) -> Any:
    """Two names that differ in more than case; a name of a policy is no path."""
    alone = names.map(lambda name: name.replace("/", "|"))
    return st.lists(alone, min_size=2, max_size=2, unique_by=str.casefold)
