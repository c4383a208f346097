"""botocore sessions and clients: retries, connection pools, parsers and signing.

botocore is used without boto3's upper half, which costs a quarter of a second of imports that an audit has no use
for.
"""

from __future__ import annotations

import os
import re
from collections import deque
from collections.abc import Callable, Mapping
from datetime import datetime
from threading import local
from typing import Any
from urllib.parse import parse_qs

from koding_audit import __version__
from koding_audit.aws import xml_reader
from koding_audit.aws.call import AccountTimeoutError, refuse_redirect
from koding_audit.aws.deadline import Deadline
from koding_audit.aws.settings import Settings
from koding_audit.io.text import mask_secrets
from koding_audit.model.frozen import dataclass

ATTEMPTS = 8  # for each call that may be sent again

IN_FLIGHT = 8  # calls at once on one account

_SHARED_CONNECTIONS = 64  # connections that are kept open for many accounts together

ROWS = "Rows"  # the member under which a reply's own members are, where xmlreply read it

_DETAILS_SHAPE = "GetAccountAuthorizationDetailsResponse"

_MAX_SECRETS = 4096  # of what was sent: more than is ever under way, and no more for ten thousand accounts


def _model_loader() -> Any:
    """What reads service models, each once: from the installed package, and from nowhere else.

    By default botocore also reads ~/.aws/models and AWS_DATA_PATH, where a changed model could send another action
    under an innocent name.
    """
    import botocore.loaders  # noqa: PLC0415 - late, as in new_session

    class PackagedModels(botocore.loaders.Loader):  # type: ignore[misc] # botocore has no types
        """Reads from the package, and names the services in use instead of listing 400 folders for them.

        The last three are what botocore signs in with: profiles of Identity Center and of `aws login`.
        """

        def list_available_services(self, type_name: str) -> list[str]:  # noqa: ARG002 - botocore's signature
            return ["iam", "sts", "organizations", "sns", "sso", "sso-oidc", "signin"]

    return PackagedModels([PackagedModels.BUILTIN_DATA_PATH], include_default_search_paths=False)


def new_session(settings: Settings, models: Any = None) -> Any:
    """A botocore session of the packaged models, in which what a run shall not hang on is pinned.

    models: what reads them, of a session that was made before.
    """
    import botocore.session  # noqa: PLC0415 - a tenth of a second that --help must not pay
    from botocore.config import Config  # noqa: PLC0415 - as above

    session = botocore.session.Session(profile=settings.profile or None)
    session.register_component("data_loader", models or _model_loader())
    session.register_component("response_parser_factory", _parser_factory())
    _pin_settings(session, settings.region)
    # For the clients that botocore makes for itself too, to assume a profile's role.
    session.set_default_client_config(Config(ignore_configured_endpoint_urls=True))
    _SentSecrets().watch(session)
    return session


def _parser_factory() -> Any:
    """The parsers of botocore, with ours before them."""
    from botocore.parsers import ResponseParserFactory  # noqa: PLC0415 - late, as in new_session

    readers: dict[str, Callable[[bytes], dict[str, Any]]] = {}

    class Parsers(ResponseParserFactory):  # type: ignore[misc] # botocore has no types
        def create_parser(self, protocol_name: str) -> _ReplyParser:
            return _ReplyParser(super().create_parser(protocol_name), readers)

    parsers = Parsers()
    parsers.set_parser_defaults(timestamp_parser=_parse_timestamp)
    return parsers


def _parse_timestamp(value: Any) -> datetime:
    """A time as AWS writes it in XML; botocore's own parser, which reads any form, takes a hundred times as long."""
    from botocore.utils import parse_timestamp  # noqa: PLC0415 - late, as in new_session

    found: datetime = (xml_reader.parse_xml_time(value) if isinstance(value, str) else None) or parse_timestamp(value)
    return found


class _ReplyParser:
    """botocore's parser of replies, but that the one that is large is read by xmlreply.

    What is in it is put under one member, ROWS: botocore would else walk all of it again to decode every document, of
    which a run may need none.
    """

    def __init__(self, usual: Any, readers: dict[str, Callable[[bytes], dict[str, Any]]]) -> None:
        self._usual = usual
        self._readers = readers

    def parse(self, response: dict[str, Any], shape: Any) -> Any:
        """What botocore asks of a parser."""
        if shape is None or shape.name != _DETAILS_SHAPE or response["status_code"] != 200:
            return self._usual.parse(response, shape)
        read = self._readers.get(shape.name) or self._readers.setdefault(
            shape.name, xml_reader.build_reply_reader(shape)
        )
        try:
            found = read(response["body"])
        except xml_reader.IrregularReply:
            return self._usual.parse(response, shape)
        headers = {name.lower(): value for name, value in response["headers"].items()}
        metadata = {**found.pop("ResponseMetadata"), "HTTPStatusCode": 200, "HTTPHeaders": headers}
        return {"ResponseMetadata": metadata, ROWS: found}


def _pin_settings(session: Any, region: str) -> None:
    """Set on the session what the environment and a profile shall not decide, so that junk there is not even read."""
    session.set_config_variable("retry_mode", "standard")
    session.set_config_variable("max_attempts", ATTEMPTS)
    session.set_config_variable("data_path", "")
    session.set_config_variable("defaults_mode", "legacy")  # `auto` would ask a metadata service that may not be there
    # botocore knows AWS_DEFAULT_REGION only; AWS's other tools obey AWS_REGION, and before it.
    usual = os.environ.get("AWS_REGION") or session.get_config_variable("region") or "us-east-1"
    session.set_config_variable("region", region or usual)


class _SentSecrets:
    """What went out with requests and is secret: an error that quotes it is taken in without it.

    AWS itself does so: SignatureDoesNotMatch tells the canonical request, the session token in it.
    """

    def __init__(self) -> None:
        self._secrets: deque[str] = deque(maxlen=_MAX_SECRETS)  # threads add to it

    def watch(self, session: Any) -> None:
        """Every client of the session is watched, those too that botocore makes for itself."""
        session.register("before-send", self.remember_secrets)
        session.register("after-call", self.mask_secrets)

    def remember_secrets(self, request: Any, **_: Any) -> None:
        """Botocore's event before it sends: the credentials as they stand in the headers, and an external id."""
        told = _decode_text(request.headers.get("X-Amz-Security-Token")), _decode_text(request.body)
        found = re.findall(r"(?:Credential|Signature)=([^/,\s]+)", _decode_text(request.headers.get("Authorization")))
        self._secrets.extend([told[0], *found, *parse_qs(told[1]).get("ExternalId", [])])

    def mask_secrets(self, parsed: Any, **_: Any) -> None:
        """Botocore's event after a reply, before it makes an exception of it."""
        error = parsed.get("Error") if isinstance(parsed, dict) else None
        if isinstance(error, dict):
            known = list(dict.fromkeys(self._secrets.copy()))
            error.update({name: mask_secrets(each, known) for name, each in error.items() if isinstance(each, str)})


def _decode_text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value or "")


@dataclass(frozen=True, slots=True)
class SharedClients:
    """Clients of IAM and STS that call for many accounts, with the keys of whichever the calling thread works for.

    To make clients for each account costs more processor time than all of its calls.
    """

    clients: Mapping[str, Any]
    thread_state: local

    @classmethod
    def create(cls, settings: Settings, models: Any) -> SharedClients:
        from botocore.credentials import Credentials, ReadOnlyCredentials  # noqa: PLC0415 - late, as in new_session

        carried = local()

        class Carried(Credentials):  # type: ignore[misc] # botocore has no types
            """What botocore asks for the keys to sign with, each time that it signs, in the thread that calls."""

            def get_frozen_credentials(self) -> Any:
                return ReadOnlyCredentials(*carried.keys)

        class Provider:
            def load_credentials(self) -> Any:
                return Carried("none", "none")

        def in_time(**_: Any) -> None:
            """Botocore's event before it sends, also what it sends again."""
            if carried.deadline.remaining() <= 0:
                raise AccountTimeoutError

        session = new_session(settings, models)
        session.register_component("credential_provider", Provider())
        session.register("before-send", in_time)
        made = {each: make_client(session, each, settings, connections=_SHARED_CONNECTIONS) for each in ("iam", "sts")}
        return cls(made, carried)

    def client_for(self, service: str, keys: Mapping[str, str], deadline: Deadline) -> _AccountClient:
        """The client of a service, for the account of these keys, until its time is up."""
        return _AccountClient(self.clients[service], self.thread_state, tuple(keys.values()), deadline)


@dataclass(frozen=True, slots=True)
class _AccountClient:
    """A shared client, seen from one account: whatever is called on it is signed with that account's keys."""

    shared: Any
    thread_state: local
    keys: tuple[str, ...]
    deadline: Deadline

    def __getattr__(self, name: str) -> Any:
        self.thread_state.keys, self.thread_state.deadline = self.keys, self.deadline
        return getattr(self.shared, name)


def make_client(
    session: Any,
    service: str,
    settings: Settings,
    *,
    attempts: int = ATTEMPTS,
    connections: int = IN_FLIGHT,
    **keys: Any,
) -> Any:
    """A client with pinned retries and timeouts. IAM and STS endpoints follow from the region's partition.

    connections: how many are kept open; keys: whose, where not those that the session finds.
    """
    from botocore.config import Config  # noqa: PLC0415 - late, as in new_session

    config = Config(
        retries={"mode": "standard", "total_max_attempts": attempts},
        connect_timeout=5,
        read_timeout=20,
        max_pool_connections=connections,
        ignore_configured_endpoint_urls=True,
        user_agent_extra=f"koding-audit/{__version__}",
    )
    region = settings.region or session.get_config_variable("region")
    if not settings.endpoint_url:
        session.get_partition_for_region(region)  # raises: for nonsense botocore would make up a host
    made = session.create_client(
        service, region_name=region, endpoint_url=settings.endpoint_url or None, config=config, **keys
    )
    made.meta.events.register(f"before-parse.{service}", refuse_redirect)
    return made
