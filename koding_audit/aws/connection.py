"""A connection to one account: its identity, single calls, paged lists and parallel calls."""

from __future__ import annotations

import contextlib
import functools
import re
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass as open_dataclass
from dataclasses import field
from functools import partial
from threading import Lock
from typing import Any

from koding_audit.aws.call import MALFORMED, AccountTimeoutError, T, call_service, deadline_error, take_field
from koding_audit.aws.credentials import assume_role, explain_setup_errors, find_credentials, wait_for_credentials
from koding_audit.aws.deadline import Deadline
from koding_audit.aws.denials import DenialLog
from koding_audit.aws.endpoint import check_ca_bundle, check_endpoint, check_role, is_aws_url
from koding_audit.aws.session import ATTEMPTS, IN_FLIGHT, ROWS, CalledHosts, SharedClients, make_client, new_session
from koding_audit.aws.settings import CallerCredentials, Settings
from koding_audit.model.account import Account, Caller
from koding_audit.model.errors import AccessError, AuditError, CallError
from koding_audit.model.traits import find_source_traits

_PUBLISH_ATTEMPTS = 3  # a retry may publish twice, which is better than not at all

# In a network from which CloudTrail cannot be reached, half a minute passes until an audit continues without it.
_TRAIL_ATTEMPTS = 4

PAGE_SIZE = 1000  # the maximum of IAM's MaxItems

PAGE_CAP = 10_000  # far more than any account's quotas allow; stops a list that never ends

# moto omits IsTruncated in these operations, where the API's model does not require it. At an endpoint that is not
# AWS's own, a first page without IsTruncated and Marker is therefore the complete list.
_END_NOT_MARKED = frozenset({"GetGroup", "ListAccessKeys", "ListGroupPolicies", "ListSSHPublicKeys"})


class _ImmediateExecutor(Executor):
    """Runs each function at once, in the calling thread.

    When many accounts are read in parallel, threads for each account would cost more than its few calls.
    """

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        future: Future[T] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except AuditError as error:
            future.set_exception(error)
        return future


@open_dataclass(eq=False, repr=False)
class Connection:
    """The clients of one account and the threads that use them; every IAM call goes through it.

    iam: botocore's IAM client
    endpoint: the URL of a custom endpoint, None for AWS's own
    deadline: the time limit of the run on this account
    source: the source's name, as in `--source`
    credentials_in_use: the credentials, without secrets; None for an account reached through a role
    hosts: returns the URLs at which IAM and STS are called
    called: which hosts of which services its own clients call
    denials: what AWS denied
    """

    iam: Any
    endpoint: str | None
    deadline: Deadline
    _pool: Executor
    _identity: Future[tuple[Account, Caller]]
    _client: Callable[..., Any]
    source: str = "live"
    credentials_in_use: CallerCredentials | None = None
    hosts: Callable[[], tuple[str, ...]] = tuple
    called: CalledHosts = field(default_factory=CalledHosts)
    denials: DenialLog = field(default_factory=DenialLog)
    _settings: Settings | None = None
    _session: Any = None
    _client_lock: Lock = field(default_factory=Lock)
    _trail_clients: dict[str, Any] = field(default_factory=dict)
    _shared_called: CalledHosts = field(default_factory=CalledHosts)

    @property
    def is_embedded(self) -> bool:
        """Whether the account lives in this process alone, as the demo's does."""
        return find_source_traits(self.source).is_embedded

    @property
    def reaches_aws(self) -> bool:
        """Whether it is AWS that answers, or an endpoint that the caller names."""
        return find_source_traits(self.source).reaches_aws

    def identity(self) -> tuple[Account, Caller]:
        """Returns the account and the caller from STS; the call needs no permission, and no policy can deny it.

        Raises CallError, AccessError.
        """
        return self.result(self._identity, "sts:GetCallerIdentity")

    def read_identity_again(self) -> tuple[Account, Caller]:
        """Asks STS again; the credentials may be those of another identity by now. Raises CallError."""
        return self.result(self.submit(_read_identity, self._make_client("sts")), "sts:GetCallerIdentity")

    def called_hosts(self) -> tuple[str, ...]:
        """Returns the names of the hosts that were called for this account; none for an embedded account."""
        if self.is_embedded:
            return ()
        return tuple(sorted({host for _, host in self.called.seen() | self._shared_called.seen()}))

    def _make_client(self, service: str, **more: Any) -> Any:
        return self.called.watch(self._client(service, **more))

    def submit(self, function: Callable[..., T], *arguments: Any) -> Future[T]:
        """Runs a function in one of the connection's threads, at most IN_FLIGHT at once; at once if it has none."""
        return self._pool.submit(function, *arguments)

    @property
    def is_sequential(self) -> bool:
        """Whether submitted functions run one after another; one call that reads two lists is then faster than two."""
        return isinstance(self._pool, _ImmediateExecutor)

    def result(self, future: Future[T], call: str) -> T:
        """Returns the function's result. Raises CallError, also when the run's time limit passes first."""
        try:
            return future.result(timeout=max(0.0, self.remaining()))
        except FutureTimeout:
            raise deadline_error(call) from None

    def renew(self) -> None:
        """Starts the time limit again, after a person answered: writing has its own limit."""
        self.deadline.renew()

    def remaining(self) -> float:
        """Returns the seconds until the run's time limit."""
        return self.deadline.remaining()

    def call(self, operation: str, **parameters: Any) -> dict[str, Any]:
        """Sends an IAM call and returns its parsed reply. Raises CallError and no other error."""
        if self.remaining() <= 0:
            raise deadline_error(f"iam:{operation}")
        return self.denials.watch(
            f"iam:{operation}", parameters, partial(call_service, self.iam, "iam", operation, parameters)
        )

    def call_once(self, operation: str, **parameters: Any) -> dict[str, Any]:
        """Sends an IAM call without any retry, for a call that a retry would apply twice. Raises CallError."""
        if self.remaining() <= 0:
            raise deadline_error(f"iam:{operation}")
        return call_service(self._make_client("iam", attempts=1), "iam", operation, parameters)

    def assume_role(self, role_arn: str, external_id: str) -> Connection:
        """Returns a connection to another account through a role there, with its own time limit. Raises AccessError.

        All these connections share two clients. Each signs with its own keys and calls in the calling thread.
        """
        deadline = Deadline(self._require_settings.timeout)
        keys, arn = assume_role(self._sts_client, role_arn, external_id)

        def make_role_client(service: str, **more: Any) -> Any:
            with self._client_lock:  # botocore's session is not thread-safe
                return self._client(service, **keys, **more)

        with self._client_lock:
            shared = self._shared_clients
        threads = _ImmediateExecutor()
        if arn:  # STS returned the identity with the keys; another call would be a sixth of an account's calls
            identity = threads.submit(_identity_of_arn, arn, "sts:AssumeRole", role_arn)
        else:
            identity = threads.submit(_read_identity, shared.client_for("sts", keys, deadline), role_arn)
        iam = shared.client_for("iam", keys, deadline)
        called = CalledHosts(each for each in self.called.seen() if each[0] == "sts")  # assumed the role
        account = (iam, self.endpoint, deadline, threads, identity, make_role_client, self.source)
        return Connection(*account, called=called, _shared_called=self._shared_called)

    @functools.cached_property
    def _sts_client(self) -> Any:
        with self._client_lock:
            return self._make_client("sts")

    @functools.cached_property
    def _shared_clients(self) -> SharedClients:
        return SharedClients.create(self._require_settings, self._session, self._shared_called)

    @property
    def _require_settings(self) -> Settings:
        if self._settings is None:
            raise AssertionError("unreachable: only the connection with the run's own credentials assumes roles")
        return self._settings

    def call_organizations(self, operation: str, **parameters: Any) -> dict[str, Any]:
        """Sends a call to Organizations and returns its reply; its client is created on first use. Raises CallError."""
        if self.remaining() <= 0:
            raise deadline_error(f"organizations:{operation}")
        client, call = self._organizations_client, f"organizations:{operation}"
        return self.denials.watch(
            call, parameters, partial(call_service, client, "organizations", operation, parameters)
        )

    def list_organizations(self, operation: str, items: str, **parameters: str) -> list[Any]:
        """Returns every item of a list of Organizations, whose last page has no NextToken. Raises CallError."""
        call = f"organizations:{operation}"
        found: list[Any] = []
        seen: set[str] = set()
        for _ in range(PAGE_CAP):
            reply = self.call_organizations(operation, **parameters)
            found += take_field(reply, items, list, call)
            if reply.get("NextToken") is None:
                return found
            token = take_field(reply, "NextToken", str, call)
            if not token or token in seen:
                raise CallError(call, MALFORMED, "the list does not end: its token came twice")
            seen.add(token)
            parameters["NextToken"] = token
        raise CallError(call, MALFORMED, f"the list does not end after {PAGE_CAP} pages")

    @functools.cached_property
    def _organizations_client(self) -> Any:
        with self._client_lock:
            return self._make_client("organizations")

    def call_cloudtrail(self, region: str, operation: str, **parameters: Any) -> dict[str, Any]:
        """Sends a call to CloudTrail in a region and returns its reply. Raises CallError."""
        if self.remaining() <= 0:
            raise deadline_error(f"cloudtrail:{operation}")
        with self._client_lock:
            sdk_client = self._trail_clients.get(region) or self._make_client(
                "cloudtrail", region=region, attempts=_TRAIL_ATTEMPTS
            )
            self._trail_clients[region] = sdk_client
        send = partial(call_service, sdk_client, "cloudtrail", operation, parameters)
        return self.denials.watch(f"cloudtrail:{operation}", parameters, send)

    def pages(self, operation: str, items: str, **parameters: Any) -> list[Any]:
        """Returns every item of a list. Raises CallError if any page fails: the list is never partial.

        botocore's paginators stop silently at a page without Marker or IsTruncated, and follow repeated markers
        forever. This method therefore requires that the last page has IsTruncated false.
        """
        (found,) = self.lists(operation, (items,), **parameters)
        return found

    def lists(self, operation: str, members: Sequence[str], **parameters: Any) -> tuple[list[Any], ...]:
        """Returns several lists of an operation, one for each name in `members`, as `pages` does for one list."""
        call = f"iam:{operation}"
        found: tuple[list[Any], ...] = tuple([] for _ in members)
        seen: set[str] = set()
        for _ in range(PAGE_CAP):
            reply = self.call(operation, MaxItems=PAGE_SIZE, **parameters)
            reply = reply.get(ROWS, reply)
            for rows, items in zip(found, members, strict=True):
                rows.extend(take_field(reply, items, list, call))
            may_omit_end = self.endpoint is not None and operation in _END_NOT_MARKED and not seen
            if may_omit_end and not reply.keys() & {"IsTruncated", "Marker"}:
                return found
            if not take_field(reply, "IsTruncated", bool, call):
                return found
            marker = take_field(reply, "Marker", str, call)
            if not marker or marker in seen:
                raise CallError(call, MALFORMED, "the list does not end: its marker came twice")
            seen.add(marker)
            parameters["Marker"] = marker
        raise CallError(call, MALFORMED, f"the list does not end after {PAGE_CAP} pages")


@contextlib.contextmanager
def connect(
    settings: Settings,
    *,
    attempts: int = ATTEMPTS,
    can_prompt: bool = True,
    watch: Callable[[Any], None] | None = None,
) -> Iterator[Connection]:
    """Opens a connection with the credentials that botocore finds, or those of the role in the settings.

    The identity is requested from STS while the IAM client is created. Raises AccessError, EndpointError, InputError.

    attempts: how often a call is sent at most
    can_prompt: whether a person can type an MFA code
    watch: is called with botocore's session before it creates a client, and may register for events
    """
    check_endpoint(settings)
    check_role(settings)
    deadline, pool = Deadline(settings.timeout), ThreadPoolExecutor(IN_FLIGHT, thread_name_prefix="aws")
    try:
        with explain_setup_errors(settings):
            session, called = new_session(settings), CalledHosts()
            _register_events(session, deadline, watch)
            check_ca_bundle(session, settings)
            search = pool.submit(find_credentials, session, settings, can_prompt)
            keys, credentials_in_use = wait_for_credentials(search, deadline)
            sts = called.watch(make_client(session, "sts", settings, attempts=attempts, **keys))
            identity = pool.submit(_read_identity, sts, settings.role_arn)

            def make_own_client(service: str, region: str = "", attempts: int = attempts, **others: Any) -> Any:
                return make_client(session, service, settings, region=region, attempts=attempts, **(others or keys))

            iam = called.watch(make_own_client("iam"))
        endpoint = settings.endpoint_url if settings.endpoint_url and not is_aws_url(settings.endpoint_url) else None
        hosts = partial(called.urls, {"iam": iam, "sts": sts})
        common = (iam, endpoint, deadline, pool, identity, make_own_client, "live", credentials_in_use, hosts, called)
        yield Connection(*common, _settings=settings, _session=session)
    finally:
        deadline.end()
        pool.shutdown(wait=False, cancel_futures=True)


def _register_events(session: Any, deadline: Deadline, watch: Callable[[Any], None] | None) -> None:
    """Registers what ends the calls that a closed connection still retries, and what the caller registers."""

    def refuse_after_end(**_: Any) -> None:
        if deadline.has_ended:
            raise AccountTimeoutError

    session.register("before-send", refuse_after_end)
    if watch:
        watch(session)


def publish_message(topic: str, subject: str, message: str, settings: Settings) -> None:
    """Publishes a message to an SNS topic, by its ARN; the settings name the topic's region. Raises AuditError.

    It calls neither IAM nor STS: the credentials need sns:Publish only.
    """
    check_endpoint(settings)
    with explain_setup_errors(settings):
        session = new_session(settings)
        check_ca_bundle(session, settings)
        sns = make_client(session, "sns", settings, attempts=_PUBLISH_ATTEMPTS)
    call_service(sns, "sns", "Publish", {"TopicArn": topic, "Subject": subject, "Message": message})


def _read_identity(sts: Any, role_arn: str = "") -> tuple[Account, Caller]:
    call = "sts:GetCallerIdentity"
    reply = call_service(sts, "sts", "GetCallerIdentity", {})
    account_id = take_field(reply, "Account", str, call)
    account, caller = _identity_of_arn(take_field(reply, "Arn", str, call), call, role_arn)
    if account.id != account_id:
        raise CallError(call, MALFORMED, "the caller's ARN is of another account")
    return account, caller


def _identity_of_arn(arn: str, call: str, role_arn: str) -> tuple[Account, Caller]:
    """Returns the account and the caller of an ARN. Raises CallError; AccessError if not of the role's account."""
    parts = re.fullmatch(r"arn:(aws[a-z0-9-]*):(?:iam|sts)::([0-9]{12}):.+", arn)
    if parts is None:
        raise CallError(call, MALFORMED, "the caller's ARN cannot be read")
    account = Account(parts[2], parts[1])
    if role_arn and not role_arn.startswith(f"arn:{account.partition}:iam::{account.id}:"):
        hint = "check --endpoint-url and any proxy between this machine and AWS; nothing was read"
        raise AccessError(f"role {role_arn} was assumed, but the keys are of account {account.id}", hint)
    return account, Caller(arn, root=arn == account.root_arn)
