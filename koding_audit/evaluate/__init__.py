"""Is this action allowed, and by which statements: AWS's policy evaluation, offline and pure."""

from koding_audit.evaluate.audit import audit_context, role_context
from koding_audit.evaluate.decision import decide
from koding_audit.evaluate.model import (
    Because,
    Context,
    Decision,
    Kind,
    Policies,
    Policy,
    Request,
    State,
    Unread,
    Verdict,
)
from koding_audit.evaluate.statements import Compiled, compiled

__all__ = (
    "Because",
    "Compiled",
    "Context",
    "Decision",
    "Kind",
    "Policies",
    "Policy",
    "Request",
    "State",
    "Unread",
    "Verdict",
    "audit_context",
    "compiled",
    "decide",
    "role_context",
)
