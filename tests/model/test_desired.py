"""A desired state is bound to one account; which tools manage what of it."""

from __future__ import annotations

from dataclasses import replace

from koding_audit.model.account import Account, principal_key
from koding_audit.model.desired import Boundary, PolicyRef, RequiredAction, managing_tools
from tests.values import desired, group, line, policy_set, role, user, waiver, written

ANYWHERE = "arn:${partition}:iam::${account}:policy/edge"
CHINA = Account("123456789012", "aws-cn")
BOUND = "arn:aws-cn:iam::123456789012:policy/edge"


def test_every_place_that_may_name_the_account_is_bound() -> None:
    text = f'{{"Resource": "{ANYWHERE}"}}'
    edge = Boundary(PolicyRef(ANYWHERE, line(5)), line(5))
    acting = replace(
        policy_set("own", PolicyRef(ANYWHERE, line(6), document=written(text))),
        actions=(RequiredAction("s3:GetObject", line(7), ANYWHERE),),
    )
    inline = {"own": written(text)}
    bound = desired(
        acting,
        group(inline=inline),
        user(inline=inline, boundary=edge),
        role(inline=inline, boundary=edge, trust=written(text)),
        waivers=(waiver("policy-missing", policy=ANYWHERE, subject=ANYWHERE),),
    ).bind(CHINA)
    assert "${" not in repr(bound)
    assert bound.policy_sets["own"].policies[0].arn == BOUND
    assert bound.policy_sets["own"].actions[0].resource == BOUND
    assert BOUND in bound.users["koding-user"].inline["own"].text
    assert bound.waivers[0].policy == BOUND


def test_what_names_no_account_stays_as_it_is() -> None:
    plain = desired(user(), group())
    assert plain.bind(CHINA).users["koding-user"] is plain.users["koding-user"]
    no_boundary = Boundary(None, line(5))
    assert desired(user(boundary=no_boundary)).bind(CHINA).users["koding-user"].boundary == no_boundary


def test_the_tools_that_manage_something_are_known_by_what_they_manage() -> None:
    state = desired(group(managed_by="terraform"), user(), role(managed_by="CloudFormation"))
    assert managing_tools(state) == {
        principal_key("group", "Developers"): "terraform",
        principal_key("role", "app"): "CloudFormation",
    }
