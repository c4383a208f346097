"""Documents with example values for the keys of their variables: what differs in them differs for such a request."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from koding_audit.model.frozen import dataclass, replace
from koding_audit.policy.diff.patterns import variable_names
from koding_audit.policy.diff.truth_table import example_values
from koding_audit.policy.document import Condition, Document, Patterns, Statement
from koding_audit.policy.evaluation.conditions import compile_condition
from koding_audit.policy.evaluation.context import Context
from koding_audit.policy.evaluation.patterns import Template, parse_pattern
from koding_audit.reference.key_relations import load_key_relations

_VARIABLE = re.compile(r"\$\{([^{},']+)(?:,\s*'[^'}]*'\s*)?\}")


@dataclass(frozen=True, slots=True)
class ExamplePair:
    """Both sides for one example request.

    old: the old documents, without the keys of `values`.
    new: the new documents, without them.
    values: the value of each variable, by its key.
    """

    old: tuple[Document, ...]
    new: tuple[Document, ...]
    values: Mapping[str, str]

    def describe(self, *, values: bool) -> str:
        """The example as the condition of a change."""
        return " and ".join(
            f"{key} is {value}" if values else f"{key} has an example value"
            for key, value in sorted(self.values.items())
        )


def example_documents(old: Sequence[Document], new: Sequence[Document]) -> Iterator[ExamplePair]:
    """Yield both sides for example values of their variables; none if no consistent values are known."""
    documents = [*old, *new]
    statements = [statement for each in documents for statement in each.statements]
    if any(each.principals for each in statements):
        return  # the example is a request of a user
    variables = {name for each in documents for text in _variable_texts(each) for name in variable_names(text)}
    if not variables:
        return
    relations = load_key_relations(has_principals=False)
    keys = {condition.key for each in statements for condition in each.conditions}
    values = example_values(variables, keys, relations)
    if not values or any(map(_has_misplaced_variable, documents)):
        return
    context = Context.from_values(values, complete=True)
    sides = [[_example_document(each, context, values) for each in side] for side in (old, new)]
    before, after = ([each for each in side if each is not None] for side in sides)
    if len(before) == len(old) and len(after) == len(new):
        shown = {key: value for key, value in values.items() if key in variables}
        yield ExamplePair(tuple(before), tuple(after), shown)


def _has_misplaced_variable(document: Document) -> bool:
    """Whether a resource has a variable where IAM does not take one."""
    patterns = [
        parse_pattern(text, wildcards=True, variables=document.version == "2012-10-17")
        for statement in document.statements
        for text in (statement.resources.values if statement.resources else ())
    ]
    return any(isinstance(each, Template) and each.has_misplaced_variable for each in patterns)


def _variable_texts(document: Document) -> Iterator[str]:
    """The texts of a document in which `${...}` is a variable."""
    if document.version != "2012-10-17":
        return
    for statement in document.statements:
        yield from statement.resources.values if statement.resources else ()
        for condition in statement.conditions:
            yield from condition.values


def _example_document(document: Document, context: Context, values: Mapping[str, str]) -> Document | None:
    """The document for a request with these values; None if a condition on them cannot be decided."""
    variables = document.version == "2012-10-17"
    found = []
    for statement in document.statements:
        known = [each for each in statement.conditions if each.key.lower() in values]
        allows = statement.effect == "Allow"
        truths = [compile_condition(each, variables=variables, allows=allows).holds(context) for each in known]
        if not all(isinstance(truth, bool) for truth in truths):
            return None
        if all(truths):
            open_conditions = [each for each in statement.conditions if each not in known]
            found.append(_example_statement(statement, open_conditions, values if variables else {}))
    return replace(document, statements=tuple(found))


def _example_statement(statement: Statement, conditions: Iterable[Condition], values: Mapping[str, str]) -> Statement:
    resources = statement.resources
    if resources is not None:
        resources = Patterns(_filled(resources.values, values), resources.negated)
    filled = tuple(replace(each, values=_filled(each.values, values)) for each in conditions)
    return replace(statement, resources=resources, conditions=filled)


def _filled(texts: Iterable[str], values: Mapping[str, str]) -> tuple[str, ...]:
    """The texts with the values in place of the variables."""
    return tuple(
        sorted({_VARIABLE.sub(lambda match: values.get(match[1].strip().lower(), match[0]), text) for text in texts})
    )
