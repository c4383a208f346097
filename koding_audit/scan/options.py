"""The options of a scan or a question, as values: the account and how to reach it, the desired state, the rules."""

from __future__ import annotations

from dataclasses import field

from koding_audit.aws.settings import Settings
from koding_audit.model.frozen import dataclass
from koding_audit.model.traits import SourceTraits, find_source_traits


@dataclass(frozen=True, slots=True)
class SourceOptions:
    """Which account is read, and how it is reached."""

    source: str = "live"
    """A source as `--source` names it: `live`, `demo` or `snapshot:PATH`."""
    account: str = ""
    """The id of the only account that is accepted; "" accepts any."""
    settings: Settings = field(default_factory=Settings)
    """Profile, region, role, endpoint and time limit of a live account."""
    scps: tuple[str, ...] = ()
    """Files of service control policies, one per level of the organization, from the root down."""
    rcps: tuple[str, ...] = ()
    """Files of resource control policies, in the same order."""
    vpce: str = ""
    """A file with the policy of the VPC endpoint through which calls go; "" for calls that go through none."""

    @property
    def traits(self) -> SourceTraits:
        """The traits of the source, by its name."""
        return find_source_traits(self.source)


@dataclass(frozen=True, slots=True)
class DesiredOptions:
    """Which desired state is used."""

    files: tuple[str, ...] = ()
    """Its files, taken together; none for the default file."""
    with_sets: tuple[str, ...] = ()
    """Names of optional policy sets that count as required."""
    strict: bool = False
    """Whether a policy layer that could not be read makes a decision unknown."""
    without_waivers: tuple[str, ...] = ()
    """Those of the files in which a waiver is an error."""


@dataclass(frozen=True, slots=True)
class RuleSelection:
    """Which rules are evaluated, by their ids."""

    only: tuple[str, ...] = ()
    """These alone; none for all rules."""
    skip: tuple[str, ...] = ()
    """All but these."""


@dataclass(frozen=True, slots=True)
class ScanOptions:
    """What a scan does."""

    source: SourceOptions = field(default_factory=SourceOptions)
    desired: DesiredOptions = field(default_factory=DesiredOptions)
    rules: RuleSelection = field(default_factory=RuleSelection)
    stacks: tuple[str, ...] = ()
    """Stack scripts, or folders of them, whose policy sets count as required."""
    principal: str = ""
    """Who builds the stacks: `user/NAME` or `role/NAME`; "" for the only declared user."""
    baseline: str | None = None
    """The saved JSON report to compare with."""
    parameters: tuple[str, ...] = ()
    """Values of parameters of the templates among the stacks, each `NAME=VALUE`."""


@dataclass(frozen=True, slots=True)
class AccessQuestion:
    """A question about what policies allow."""

    actions: tuple[str, ...]
    """Each `SERVICE:Action`, perhaps with wildcards."""
    principal: str = ""
    """`user/NAME`, `group/NAME`, `role/NAME` or an ARN; "" for every principal of the account."""
    resource: str = "*"
    """An ARN or a pattern of ARNs; `*` is any resource."""
    context: tuple[str, ...] = ()
    """What the request carries, each `KEY=VALUE`."""
    strict: bool = False
    """Whether a policy layer that could not be read makes a decision unknown."""
