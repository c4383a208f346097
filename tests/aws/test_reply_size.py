"""A reply of any size is refused once more of it came than is read, however it is sent."""

from __future__ import annotations

import contextlib
import http.server
import threading
from collections.abc import Iterator

import pytest

from koding_audit.aws.call import call_service
from koding_audit.aws.session import make_client, new_session
from koding_audit.aws.settings import Settings
from koding_audit.model.errors import CallError

MOST = 1 << 20
GOOD = b"<GetUserResponse><GetUserResult><User><UserName>u</UserName></User></GetUserResult></GetUserResponse>"


@contextlib.contextmanager
def answering(body: bytes, *, chunked: bool = False, encoding: str = "") -> Iterator[tuple[str, list[int]]]:
    """The URL of a server with one answer, and how many bytes of each were sent."""
    sent: list[int] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.send_header("Content-Type", "text/xml")
            if encoding:
                self.send_header("Content-Encoding", encoding)
            self.send_header(*(("Transfer-Encoding", "chunked") if chunked else ("Content-Length", str(len(body)))))
            self.end_headers()
            sent.append(0)
            with contextlib.suppress(OSError):
                for start in range(0, len(body), 65536):
                    part = body[start : start + 65536]
                    self.wfile.write(b"%x\r\n%b\r\n" % (len(part), part) if chunked else part)
                    sent[-1] += len(part)
                if chunked:
                    self.wfile.write(b"0\r\n\r\n")

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}", sent
        server.shutdown()


def read_user(url: str) -> str:
    settings = Settings(endpoint_url=url)
    client = make_client(new_session(settings), "iam", settings)
    name: str = call_service(client, "iam", "GetUser", {})["User"]["UserName"]
    return name


@pytest.mark.parametrize("chunked", [False, True], ids=["with a length", "in chunks"])
def test_a_reply_that_is_too_large_is_refused_and_not_read_to_its_end(
    chunked: bool, aws_environment: pytest.MonkeyPatch
) -> None:
    aws_environment.setattr("koding_audit.aws.session.MAX_REPLY", MOST)
    with answering(GOOD + b" " * (64 * MOST), chunked=chunked) as (url, sent):
        with pytest.raises(CallError, match="the reply has more than 1 MiB"):
            read_user(url)
        assert max(sent) < 32 * MOST


@pytest.mark.parametrize("chunked", [False, True], ids=["with a length", "in chunks"])
def test_a_reply_within_the_limit_is_read(chunked: bool, aws_environment: pytest.MonkeyPatch) -> None:
    aws_environment.setattr("koding_audit.aws.session.MAX_REPLY", MOST)
    with answering(GOOD + b" " * (MOST // 2), chunked=chunked) as (url, _):
        assert read_user(url) == "u"


def test_an_encoded_reply_is_not_expanded(aws_environment: pytest.MonkeyPatch) -> None:
    with answering(b"\x1f\x8b" + GOOD, encoding="gzip") as (url, _), pytest.raises(CallError, match="cannot be read"):
        read_user(url)


def test_a_reply_with_too_many_tags_is_refused_before_it_is_parsed(aws_environment: pytest.MonkeyPatch) -> None:
    aws_environment.setattr("koding_audit.aws.session.MAX_TAGS", 100)
    with answering(b"<a/>" * 101) as (url, _), pytest.raises(CallError, match="more than 100 tags"):
        read_user(url)
