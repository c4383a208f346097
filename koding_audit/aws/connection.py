"""A connection to one account: its identity, single calls, paged lists and calls side by side."""

from __future__ import annotations

import contextlib
import functools
import re
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass as open_dataclass
from dataclasses import field
from threading import Lock
from typing import Any

from koding_audit.aws.call import MALFORMED, T, call_service, deadline_error, take_field
from koding_audit.aws.credentials import assume_role, explain_setup_errors, find_credentials, wait_for_credentials
from koding_audit.aws.deadline import Deadline, SkewClock
from koding_audit.aws.endpoint import check_ca_bundle, check_endpoint, check_role, is_aws_url
from koding_audit.aws.session import ATTEMPTS, IN_FLIGHT, ROWS, SharedClients, make_client, new_session
from koding_audit.aws.settings import CallerCredentials, Settings
from koding_audit.model.account import Account, Caller
from koding_audit.model.errors import AccessError, AuditError, CallError
from koding_audit.model.traits import find_source_traits

_PUBLISH_ATTEMPTS = 3  # twice told is better than not at all

PAGE_SIZE = 1000  # the most that IAM's MaxItems allows

PAGE_CAP = 10_000  # far beyond any account's quotas: an endless list ends here

# moto leaves IsTruncated out of these, where the API's model does not ask for it: at an endpoint that is not AWS's own
# a first page that says nothing of another one is then the whole list.
_END_NOT_MARKED = frozenset({"GetGroup", "ListAccessKeys", "ListGroupPolicies", "ListSSHPublicKeys"})


class _ImmediateExecutor(Executor):
    """Does what it is given before it returns, in the thread that asks.

    Where many accounts are read at once, threads of each for its few calls would cost more than the calls.
    """

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        future: Future[T] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except AuditError as error:
            future.set_exception(error)
        return future


@open_dataclass
class Connection:
    """Clients of one account, and the threads that use them. A call is made with `call` or `pages`, nowhere else.

    endpoint: None for AWS's own; held: the credentials in use; hosts: the addresses of IAM and STS.
    """

    iam: Any
    endpoint: str | None
    deadline: Deadline
    _pool: Executor
    _identity: Future[tuple[Account, Caller]]
    _client: Callable[..., Any]
    source: str = "live"
    credentials_in_use: CallerCredentials | None = None
    hosts: tuple[str, ...] = ()
    _settings: Settings | None = None
    _model_loader: Any = None
    _client_lock: Lock = field(default_factory=Lock)

    @property
    def is_embedded(self) -> bool:
        """Whether the account lives in this process alone, as the demo's does."""
        return find_source_traits(self.source).is_embedded

    @property
    def reaches_aws(self) -> bool:
        """Whether it is AWS that answers, or an endpoint that the caller names."""
        return find_source_traits(self.source).reaches_aws

    def identity(self) -> tuple[Account, Caller]:
        """The account and the caller, asked of STS, which needs no permission and works under any deny."""
        return self.result(self._identity, "sts:GetCallerIdentity")

    def read_identity_again(self) -> tuple[Account, Caller]:
        """The same, asked again: what gives the credentials may have given those of somebody else since."""
        return self.result(self.submit(_read_identity, self._client("sts")), "sts:GetCallerIdentity")

    def submit(self, function: Callable[..., T], *arguments: Any) -> Future[T]:
        """Run a function in one of the connection's threads, at most IN_FLIGHT at once, or now where it has none."""
        return self._pool.submit(function, *arguments)

    @property
    def is_sequential(self) -> bool:
        """Whether what is submitted is done one after another, so that one call for two things is better than two."""
        return isinstance(self._pool, _ImmediateExecutor)

    def result(self, future: Future[T], call: str) -> T:
        """What the function gave, or CallError when the run's deadline comes first."""
        try:
            return future.result(timeout=max(0.0, self.remaining()))
        except FutureTimeout:
            raise deadline_error(call) from None

    def renew(self) -> None:
        """Start the run's time again: a person has answered, and writing is a part of its own."""
        self.deadline.renew()

    def remaining(self) -> float:
        """Seconds until the run's deadline."""
        return self.deadline.remaining()

    def call(self, operation: str, **parameters: Any) -> dict[str, Any]:
        """One IAM call and its parsed reply. Raises CallError, and nothing else, whatever comes back."""
        if self.remaining() <= 0:
            raise deadline_error(f"iam:{operation}")
        return call_service(self.iam, "iam", operation, parameters)

    def call_once(self, operation: str, **parameters: Any) -> dict[str, Any]:
        """One IAM call that is sent once, whatever comes back: for what would be done twice. Raises CallError."""
        if self.remaining() <= 0:
            raise deadline_error(f"iam:{operation}")
        return call_service(self._client("iam", attempts=1), "iam", operation, parameters)

    def assume_role(self, role_arn: str, external_id: str) -> Connection:
        """A connection of another account, by a role there, with time of its own. Raises AccessError.

        All of them call through the same two clients, each with keys of its own, and each in the thread that asks.
        """
        deadline = Deadline(self._require_settings.timeout)
        keys, arn = assume_role(self._sts_client, role_arn, external_id)

        def another(service: str, **more: Any) -> Any:
            with self._client_lock:  # botocore's session is not made for several threads
                return self._client(service, **keys, **more)

        with self._client_lock:
            shared = self._shared_clients
        threads = _ImmediateExecutor()
        if arn:  # whose the keys are, STS has said with them: to ask again would be a sixth of an account's calls
            identity = threads.submit(_identity_of_arn, arn, "sts:AssumeRole", role_arn)
        else:
            identity = threads.submit(_read_identity, shared.client_for("sts", keys, deadline), role_arn)
        iam = shared.client_for("iam", keys, deadline)
        return Connection(iam, self.endpoint, deadline, threads, identity, another, self.source)

    @functools.cached_property
    def _sts_client(self) -> Any:
        with self._client_lock:
            return self._client("sts")

    @functools.cached_property
    def _shared_clients(self) -> SharedClients:
        return SharedClients.create(self._require_settings, self._model_loader)

    @property
    def _require_settings(self) -> Settings:
        if self._settings is None:
            raise AssertionError("unreachable: only a connection of one's own credentials leads to others")
        return self._settings

    def call_organizations(self, operation: str, **parameters: Any) -> dict[str, Any]:
        """One call to Organizations, as `call` makes them to IAM. Few audits need any: the client is made here."""
        if self.remaining() <= 0:
            raise deadline_error(f"organizations:{operation}")
        return call_service(self._organizations_client, "organizations", operation, parameters)

    def list_organizations(self, operation: str, items: str, **parameters: str) -> list[Any]:
        """Every item of a list of Organizations, whose last page has no token; or CallError."""
        call = f"organizations:{operation}"
        found: list[Any] = []
        for _ in range(PAGE_CAP):
            reply = self.call_organizations(operation, **parameters)
            found += take_field(reply, items, list, call)
            if reply.get("NextToken") is None:
                return found
            parameters["NextToken"] = take_field(reply, "NextToken", str, call)
        raise CallError(call, MALFORMED, f"the list does not end after {PAGE_CAP} pages")

    @functools.cached_property
    def _organizations_client(self) -> Any:
        return self._client("organizations")

    def pages(self, operation: str, items: str, **parameters: Any) -> list[Any]:
        """Every item of a list, or CallError: half a list is never returned.

        botocore's paginators stop without a word when a page lacks its Marker or IsTruncated, and follow markers
        that go round in circles, so the end of the list is checked here: the last page has to say that it is the last.
        """
        (found,) = self.lists(operation, (items,), **parameters)
        return found

    def lists(self, operation: str, members: Sequence[str], **parameters: Any) -> tuple[list[Any], ...]:
        """The same of an operation whose pages have parts of several lists, by the names of their members."""
        call = f"iam:{operation}"
        found: tuple[list[Any], ...] = tuple([] for _ in members)
        seen: set[str] = set()
        for _ in range(PAGE_CAP):
            reply = self.call(operation, MaxItems=PAGE_SIZE, **parameters)
            reply = reply.get(ROWS, reply)
            for rows, items in zip(found, members, strict=True):
                rows.extend(take_field(reply, items, list, call))
            unsaid = self.endpoint is not None and operation in _END_NOT_MARKED and not seen
            if unsaid and not reply.keys() & {"IsTruncated", "Marker"}:
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
    settings: Settings, *, attempts: int = ATTEMPTS, asks: bool = True, clock: SkewClock | None = None
) -> Iterator[Connection]:
    """A connection with the credentials that botocore finds, or those of the role that the settings name.

    The identity is on its way to STS while the IAM client is being made. asks: whether a person may be asked for an
    MFA code; clock: told of every reply. Raises AccessError.
    """
    check_endpoint(settings)
    check_role(settings)
    deadline = Deadline(settings.timeout)
    pool = ThreadPoolExecutor(IN_FLIGHT, thread_name_prefix="aws")
    try:
        with explain_setup_errors(settings):
            session = new_session(settings)
            if clock:
                clock.watch(session)
            check_ca_bundle(session, settings)
            keys, held = wait_for_credentials(pool.submit(find_credentials, session, settings, asks), deadline)
            sts = make_client(session, "sts", settings, attempts=attempts, **keys)
            identity = pool.submit(_read_identity, sts, settings.role_arn)

            def another(service: str, attempts: int = attempts, **others: Any) -> Any:
                return make_client(session, service, settings, attempts=attempts, **(others or keys))

            iam = another("iam")
        endpoint = settings.endpoint_url if settings.endpoint_url and not is_aws_url(settings.endpoint_url) else None
        hosts = (iam.meta.endpoint_url, sts.meta.endpoint_url)
        common = (iam, endpoint, deadline, pool, identity, another)
        models = session.get_component("data_loader")
        yield Connection(*common, credentials_in_use=held, hosts=hosts, _settings=settings, _model_loader=models)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def publish_message(topic: str, subject: str, message: str, settings: Settings) -> None:
    """One message to a topic of SNS, by its ARN, whose region the settings name. Raises AuditError.

    It asks IAM and STS nothing: its credentials need sns:Publish, and no more.
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
    """The caller by its ARN. Raises AccessError where it is not of the account of the role that was asked for."""
    parts = re.fullmatch(r"arn:(aws[a-z0-9-]*):(?:iam|sts)::([0-9]{12}):.+", arn)
    if parts is None:
        raise CallError(call, MALFORMED, "the caller's ARN cannot be read")
    account = Account(parts[2], parts[1])
    if role_arn and not role_arn.startswith(f"arn:{account.partition}:iam::{account.id}:"):
        hint = "nothing was read; look at what stands between here and AWS, and at --endpoint-url"
        raise AccessError(f"role {role_arn} was assumed, and the keys that came are of account {account.id}", hint)
    return account, Caller(arn, root=arn == account.root_arn)
