"""From a script's resources to the actions that they need: of each operation on each, and of each argument."""

from __future__ import annotations

from dataclasses import dataclass, field

from koding_audit import actions
from koding_audit.desired.nodes import MappingNode, Node, ScalarNode, SequenceNode
from koding_audit.model import Account, Stack, StackNeed, StackUnknown, StackUse
from koding_audit.stack import hints, table
from koding_audit.stack.references import References, is_interpolated, is_open, nodes_at
from koding_audit.stack.roles import passed, passed_to
from koding_audit.stack.table import Row
from koding_audit.stack.templates import Filling, Fitting
from koding_audit.stack.values import Resource, Script

PASS_ROLE = "iam:PassRole"  # noqa: S105 - an action

_NOTHING = frozenset({"", "false", "null", "~"})
_Context = tuple[tuple[str, tuple[str, ...]], ...]
_Key = tuple[str, str, str, bool, bool, _Context]  # of a need: action, resource, region, certain, hint, context


def needs(script: Script, account: Account, *, as_role: bool = False) -> Stack:
    """What the script needs in this account. as_role: it is asked for the role that its providers assume."""
    return _Collecting(script, account, as_role).stack()


@dataclass(frozen=True, slots=True)
class _Asked:
    """One action that a row asks for, of one of its templates. whys: the operations that ask for it."""

    action: str
    template: str
    certain: bool
    whys: tuple[str, ...]


@dataclass
class _Collecting:
    """The needs of one script, each with everything that has it."""

    script: Script
    account: Account
    as_role: bool
    _uses: dict[_Key, list[StackUse]] = field(default_factory=dict)
    _rows: dict[tuple[str, str], Row | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._table = table.load()
        self._known = actions.load()
        self._fitting = Fitting(self._known, self.account)
        self._references = References(self.script)
        self._filling = Filling(self.account, self._references)
        self._asked: dict[tuple[str, str, bool], tuple[_Asked, ...]] = {}
        self._first: dict[tuple[str, str], tuple[tuple[str, str], ...]] = {}
        self._hints = hints.Hints(self._known)
        self._roles: set[str] = set()
        self._hinted: set[str] = set()

    def stack(self) -> Stack:
        unread = (*self.script.unread, *(() if self.as_role else self.script.assuming))
        unknown = [StackUnknown("", each.what, each.why, each.source) for each in unread]
        for each in self.script.resources:
            row = self._row(each)
            if row is None:
                why = "its type is not in the table, and CloudFormation has no hint"
                unknown.append(StackUnknown(each.type, each.address, why, each.source))
            else:
                self._add(each, row)
        return Stack(
            path=self.script.path,
            files=self.script.files,
            resources=len(self.script.resources),
            needs=tuple(
                StackNeed(action, resource, region, tuple(uses), certain, hint, context)
                for (action, resource, region, certain, hint, context), uses in self._uses.items()
            ),
            unknown=tuple(unknown),
            hinted=tuple(sorted(self._hinted)),
            others=self.script.others,
            service_roles=tuple(sorted(self._roles)),
            notes=self.script.notes,
        )

    def _row(self, resource: Resource) -> Row | None:
        key = resource.kind, resource.type
        if key not in self._rows:
            found = self._table.row(*key)
            if found is None:
                found = self._hints.row(resource.kind, resource.type)
                self._hinted |= {resource.type} if found else set()
            self._rows[key] = found
        return self._rows[key]

    def _add(self, resource: Resource, row: Row) -> None:
        hint = resource.kind == "type" and resource.type in self._hinted
        self._roles.update(row.service_role)
        arns: dict[str, str] = {}
        place = resource.address, resource.source
        uses: dict[str, StackUse] = {name: StackUse(*place, name) for name in table.OPERATIONS}
        for each in self._of_operations(resource, row):
            arn = self._arn(each.template, resource, arns)
            key = each.action, arn, resource.region, each.certain and not hint, hint, ()
            self._uses.setdefault(key, []).extend([uses[why] for why in each.whys])
        for argument in () if resource.destroyed else self._written(resource, row):
            given = self._given(resource, argument)
            use = StackUse(resource.address, resource.source, f"argument {argument}")
            for action in row.arguments[argument] if given is not None else ():
                if action == PASS_ROLE:
                    self._pass(resource, argument, use, bool(given))
                else:
                    self._ask(resource, action, row, arns, use, certain=bool(given))

    def _of_operations(self, resource: Resource, row: Row) -> tuple[_Asked, ...]:
        """What the row's operations ask for, whatever the resource's arguments; the same for thousands of its type."""
        key = row.kind, row.type, resource.destroyed
        if key not in self._asked:
            found: dict[tuple[str, str, bool], list[str]] = {}
            for name in ("read", "delete") if resource.destroyed else table.OPERATIONS:
                for action in row.operations[name]:
                    for template, certain in self._fitting.of(action, row.arn):
                        found.setdefault((action, template, certain), []).append(name)
            self._asked[key] = tuple(_Asked(*asked, tuple(whys)) for asked, whys in found.items())
        return self._asked[key]

    def _arn(self, template: str, resource: Resource, arns: dict[str, str]) -> str:
        """What a template comes to for a resource. arns: what is known of that; whatever else is asked for joins it."""
        arn = arns.get(template)
        if arn is None:
            arn = arns[template] = self._filling.of(template, resource)
        return arn

    def _written(self, resource: Resource, row: Row) -> list[str]:
        """The arguments of a row that stand in the resource, or could: of most types only a few are ever given."""
        there = resource.body.entries
        if "dynamic" in there:
            return list(row.arguments)
        key = row.kind, row.type
        if key not in self._first:
            self._first[key] = tuple((each, each.partition("=")[0].partition(".")[0]) for each in row.arguments)
        return [each for each, first in self._first[key] if first in there]

    def _ask(
        self, resource: Resource, action: str, row: Row, arns: dict[str, str], use: StackUse, *, certain: bool
    ) -> None:
        for template, sure in self._fitting.of(action, row.arn):
            key = action, self._arn(template, resource, arns), resource.region, certain and sure, False, ()
            self._uses.setdefault(key, []).append(use)

    def _pass(self, resource: Resource, argument: str, use: StackUse, certain: bool) -> None:
        path = argument.partition("=")[0]
        context = passed_to(resource.type)
        for node in nodes_at(resource.body, path):
            arn = passed(node, path, self.account, self._references)
            self._uses.setdefault((PASS_ROLE, arn, resource.region, certain, False, context), []).append(use)

    def _given(self, resource: Resource, argument: str) -> bool | None:
        """Whether an argument is given: None where it is not, False where that hangs on what the script does not say.

        `argument=value`: whether it has that value.
        """
        path, equals, value = argument.partition("=")
        found = [_state(node, value if equals else None) for node in nodes_at(resource.body, path)]
        return max((each for each in found if each is not None), default=None)


def _state(node: Node, value: str | None) -> bool | None:
    if isinstance(node, SequenceNode) and value is not None:
        return max((each for one in node.nodes if (each := _state(one, value)) is not None), default=None)
    if not isinstance(node, ScalarNode):
        return True if value is None and _holds(node) else None
    text = node.value.strip()
    if value is not None:
        return text == value or (False if is_interpolated(text) else None)
    if text in _NOTHING:
        return None
    return not is_open(text)


def _holds(node: MappingNode | SequenceNode) -> bool:
    return bool(node.entries if isinstance(node, MappingNode) else node.nodes)
