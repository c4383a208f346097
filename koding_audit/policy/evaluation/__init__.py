"""Evaluates policies as AWS does, offline: whether an action is allowed, and which statements decide."""

from koding_audit.policy.evaluation.audit_context import role_context, user_context
from koding_audit.policy.evaluation.context import ConditionState, Context
from koding_audit.policy.evaluation.decision import decide
from koding_audit.policy.evaluation.reasons import UnknownCause, find_layers_without_allow, find_unknown_causes
from koding_audit.policy.evaluation.request import (
    IDENTITY_LAYER,
    VPCE_LAYER,
    AccessRequest,
    AccessVerdict,
    Decision,
    Policies,
    Policy,
    PolicyType,
    Reason,
    UnreadLayer,
)
from koding_audit.policy.evaluation.resource_patterns import granted_patterns, is_limited_in_part
from koding_audit.policy.evaluation.statements import CompiledDocument, compile_document

__all__ = (
    "IDENTITY_LAYER",
    "VPCE_LAYER",
    "AccessRequest",
    "AccessVerdict",
    "CompiledDocument",
    "ConditionState",
    "Context",
    "Decision",
    "Policies",
    "Policy",
    "PolicyType",
    "Reason",
    "UnknownCause",
    "UnreadLayer",
    "compile_document",
    "decide",
    "find_layers_without_allow",
    "find_unknown_causes",
    "granted_patterns",
    "is_limited_in_part",
    "role_context",
    "user_context",
)
