"""A document of a policy, as the guards decide about it."""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import dataclass, field

from koding_audit.model.frozen import replace
from koding_audit.policy.document import (
    Document,
    DocumentError,
    Patterns,
    Statement,
    has_wildcard_service,
    parse_document,
)
from koding_audit.policy.evaluation import CompiledDocument, Context, compile_document
from koding_audit.policy.evaluation.patterns import Template
from koding_audit.policy.evaluation.statements import CompiledStatement
from koding_audit.remediation.guards.holders import expand_own_name

_ONE_ACTION = Patterns(("service:action",))


@dataclass(frozen=True, slots=True)
class ParsedDocument:
    """A document for the evaluation.

    compiled: what the evaluation uses; of a document that cannot be parsed it gives `unknown`.
    document: the parsed document; None if it cannot be parsed.
    """

    compiled: CompiledDocument
    document: Document | None
    _by_action: dict[str, tuple[CompiledStatement, ...]] = field(default_factory=dict, repr=False, compare=False)

    def statements_about(self, action: str) -> tuple[CompiledStatement, ...]:
        """The statements that are about the action."""
        if action not in self._by_action:
            name = action.lower()
            service = name.partition(":")[0]
            found = (each for each in self.compiled.statements_about(service) if each.covers_action(name, service))
            self._by_action[action] = tuple(found)
        return self._by_action[action]

    def has_statement_about(self, action: str, effect: str) -> bool:
        """Whether a statement of that effect is about the action."""
        return any(each.effect == effect for each in self.statements_about(action))

    def resource_patterns(self, action: str, context: Context) -> Iterator[str]:
        """The resource patterns of the statements that are about the action, with the values of their variables."""
        for each in self.statements_about(action):
            for pattern in each.patterns:
                filled = pattern.fill(context) if isinstance(pattern, Template) else pattern
                if isinstance(filled, str):
                    yield filled

    def names_holder(self, name: str, keys: Container[str]) -> bool:
        """Whether the result may depend on who has the document: by a variable, a condition, or this name."""
        statements = self.document.statements if self.document else ()
        resources = (text for each in statements for text in (each.resources.values if each.resources else ()))
        return any(
            each.key in keys or "${" in "".join(each.values) for rule in statements for each in rule.conditions
        ) or any("${" in text or (name and name in text) for text in resources)

    def restrict_to(self, action: str) -> Document | None:
        """The document with its statements about the action, as if they were about one action; None if it is invalid.

        The results for two actions are equal if the same statements are about both.
        """
        if self.document is None:
            return None
        about = {each.index for each in self.statements_about(action)}
        statements = (each for each in self.document.statements if each.index in about)
        return Document(self.document.version, tuple(_restrict_statement(each) for each in statements))


def parse_for_name(text: str, own: str) -> ParsedDocument:
    """The document for a holder of this name; "" if the name is not known."""
    try:
        document = parse_document(text)
    except DocumentError:
        return ParsedDocument(compile_document(text), None)
    document = expand_own_name(document, own)
    return ParsedDocument(compile_document(document), document)


def _restrict_statement(statement: Statement) -> Statement:
    """The statement as if it were about one action only, unless it is unclear which actions it is about."""
    is_unclear = any(map(has_wildcard_service, statement.actions.values))
    actions = statement.actions if is_unclear else _ONE_ACTION
    return replace(statement, actions=actions, sid="", index=0)
