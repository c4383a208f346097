"""What stands between this machine and AWS, and what a run says when it gets in the way: over real sockets and TLS."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from koding_audit.cli import main
from tests.servers.always import Always, always, self_signed
from tests.servers.wire import error_xml

GUIDE = str(Path(__file__).parents[2] / "policies" / "koding.yaml")


class Ended(NamedTuple):
    status: int
    told: str


Scan = Callable[..., Ended]


@pytest.fixture
def scan(aws_environment: pytest.MonkeyPatch, impatient: None, capsys: pytest.CaptureFixture[str]) -> Scan:
    """Scans with a planted secret, which must not be told whatever happens; gives the status and standard error."""
    aws_environment.setenv("AWS_SECRET_ACCESS_KEY", "PLANTED-SECRET")
    aws_environment.setenv("AWS_SESSION_TOKEN", "PLANTED-TOKEN")

    def run(url: str = "", *more: str) -> Ended:
        status = main(["scan", GUIDE, "--verbose", *(["--endpoint-url", url] if url else []), *more])
        printed = capsys.readouterr()
        assert "PLANTED" not in printed.out + printed.err
        assert "Traceback" not in printed.err
        return Ended(status, printed.err)

    return run


# --- nobody there -------------------------------------------------------------------------------


def test_a_refused_connection_names_the_host_and_the_next_step(scan: Scan) -> None:
    ended = scan("http://127.0.0.1:1")
    assert ended.status == 2
    assert "could not reach AWS" in ended.told
    assert "http://127.0.0.1:1/" in ended.told
    assert "check the network and its DNS" in ended.told


def test_a_name_that_dns_does_not_know_is_named(scan: Scan) -> None:
    ended = scan("https://iam.nowhere.invalid", "--allow-endpoint", "iam.nowhere.invalid")
    assert ended.status == 2
    assert "https://iam.nowhere.invalid/" in ended.told
    assert "DNS" in ended.told


def test_a_server_that_never_answers_is_left_at_the_deadline(scan: Scan) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(8)
        ended = scan(f"http://127.0.0.1:{silent.getsockname()[1]}", "--timeout", "1")
    assert ended.status == 2
    assert "the run's time was up" in ended.told
    assert "raise --timeout" in ended.told


# --- TLS ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return self_signed(tmp_path_factory.mktemp("tls") / "server.pem")


def test_a_certificate_that_nobody_vouches_for_gets_no_request(scan: Scan, certificate: Path) -> None:
    with always(200, certificate=certificate) as server:
        ended = scan(server.url)
        assert server.requests == []
    assert ended.status == 2
    assert server.url in ended.told
    assert "self-signed" in ended.told
    assert "TLS cannot be disabled" in ended.told
    assert "AWS_CA_BUNDLE" in ended.told


def test_a_bundle_that_names_the_certificate_lets_the_run_through(
    scan: Scan, certificate: Path, aws_environment: pytest.MonkeyPatch
) -> None:
    aws_environment.setenv("AWS_CA_BUNDLE", str(certificate))
    with always(403, error_xml("sts", "ExpiredToken"), certificate=certificate) as server:
        assert "ExpiredToken" in scan(server.url).told
        assert set(server.requests) == {"POST /"}


def test_a_server_without_tls_is_not_spoken_to_in_the_clear(scan: Scan) -> None:
    with always(200) as server:
        ended = scan(server.url.replace("http:", "https:"))
        assert server.requests == []
    assert ended.status == 2
    assert "TLS cannot be disabled" in ended.told


# --- what answers in AWS's place ----------------------------------------------------------------


def test_a_redirect_is_not_followed_and_told_without_its_query(scan: Scan) -> None:
    with always(200) as login:
        elsewhere = f"{login.url}/login?ticket=PLANTED"
        for status in (301, 302, 307, 308):
            with always(status, headers=[("Location", elsewhere)]) as server:
                ended = scan(server.url)
                assert set(server.requests) == {"POST /"}
            assert ended.status == 2
            assert f"Redirect: status {status}, to 127.0.0.1; it was not followed" in ended.told
            assert "the reply is not from AWS" in ended.told
        assert login.requests == []


@pytest.mark.parametrize("body", [b"<html><body>Please sign in</body></html>", b"", b"<html>Sign<br>in"])
def test_a_sign_in_page_of_the_network_is_not_taken_for_a_matter_of_keys(body: bytes, scan: Scan) -> None:
    with always(200, body) as server:
        ended = scan(server.url)
    assert ended.status == 2
    assert "the reply is not from AWS" in ended.told
    assert "sign-in page" in ended.told


# --- proxies ------------------------------------------------------------------------------------


@pytest.fixture
def proxied(scan: Scan, aws_environment: pytest.MonkeyPatch) -> Callable[[str], Ended]:
    """A scan of AWS itself through a proxy, which never lets it come so far."""

    def run(proxy: str) -> Ended:
        aws_environment.setenv("HTTPS_PROXY", proxy)
        return scan("", "--region", "eu-west-3")

    return run


def test_a_proxy_that_wants_a_password_is_told_with_its_status_and_without_what_it_was_given(
    proxied: Callable[[str], Ended],
) -> None:
    with always(407) as proxy:
        ended = proxied(proxy.url.replace("://", "://someone:PLANTED@"))
        sts, iam = "CONNECT sts.eu-west-3.amazonaws.com:443", "CONNECT iam.amazonaws.com:443"
        assert sts in proxy.requests
        assert set(proxy.requests) <= {sts, iam}
    assert ended.status == 2
    assert "407" in ended.told
    assert proxy.url.removeprefix("http://") in ended.told
    assert "check HTTPS_PROXY: host, port, and the user and password" in ended.told


def test_a_proxy_that_is_not_there_is_named(proxied: Callable[[str], Ended]) -> None:
    ended = proxied("http://someone:PLANTED@127.0.0.1:1")
    assert ended.status == 2
    assert "127.0.0.1:1" in ended.told
    assert "HTTPS_PROXY" in ended.told


def test_a_proxy_that_is_no_address_is_told(proxied: Callable[[str], Ended]) -> None:
    ended = proxied("::::")
    assert ended.status == 2
    assert "could not reach AWS" in ended.told
    assert "HTTPS_PROXY" in ended.told


# --- the clock ----------------------------------------------------------------------------------


@pytest.fixture
def refusing(request: pytest.FixtureRequest) -> Iterator[Always]:
    """AWS with a clock of its own that refuses with a code."""
    code, clock = request.param
    with always(403, error_xml("sts", code, "as AWS words it"), clock=clock) as server:
        yield server


TWENTY = 20 * 60 + 30
CODES = ("RequestExpired", "SignatureDoesNotMatch", "InvalidSignatureException")


@pytest.mark.parametrize("refusing", [(code, TWENTY) for code in CODES], indirect=True, ids=CODES)
def test_a_clock_that_is_behind_is_told_with_its_skew(refusing: Always, scan: Scan) -> None:
    ended = scan(refusing.url)
    assert ended.status == 2
    assert "this machine's clock is 20 minutes behind AWS's" in ended.told
    assert "set the clock of this machine" in ended.told


@pytest.mark.parametrize("refusing", [("SignatureDoesNotMatch", -TWENTY)], indirect=True)
def test_a_clock_that_is_ahead_is_told_with_its_skew(refusing: Always, scan: Scan) -> None:
    assert "clock is 20 minutes ahead of AWS's" in scan(refusing.url).told


@pytest.mark.parametrize("refusing", [("SignatureDoesNotMatch", 0)], indirect=True)
def test_where_the_clocks_agree_the_secret_key_is_the_wrong_one(refusing: Always, scan: Scan) -> None:
    told = scan(refusing.url).told
    assert "the clocks agree: the secret key is not that of the key id" in told
    assert "set the clock" not in told


@pytest.mark.parametrize("refusing", [("InvalidClientTokenId", TWENTY)], indirect=True)
def test_a_clock_is_not_blamed_for_what_it_did_not_do(refusing: Always, scan: Scan) -> None:
    told = scan(refusing.url).told
    assert "clock" not in told
    assert "check that the key exists" in told


@pytest.mark.parametrize("date", ["", "soon", None])
def test_without_a_date_of_aws_the_clock_is_only_suspected(date: Any) -> None:
    from koding_audit.aws.call import _clock_cause

    assert _clock_cause("RequestExpired", date) == "this machine's clock may be wrong"
    assert _clock_cause("ExpiredToken", date) == ""


@pytest.mark.parametrize("refusing", [("ExpiredToken", 0)], indirect=True)
def test_credentials_that_are_over_are_told_as_that(refusing: Always, scan: Scan) -> None:
    assert "the credentials have expired" in scan(refusing.url).told
