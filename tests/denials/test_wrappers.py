"""The service, the operation and the code of an error are read from what tools print around it."""

from __future__ import annotations

import pytest

from koding_audit.denials.passage import Passage
from koding_audit.denials.wrappers import find_codes, read_wrapper

MESSAGE = "Denied!"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"An error occurred (AccessDenied) when calling the PutX operation: {MESSAGE}", ("", "PutX", "AccessDenied")),
        (
            f"An error occurred (A.B) when calling the PutX operation (reached max retries: 4): {MESSAGE}",
            ("", "PutX", "A.B"),
        ),
        (
            f"A client error (AccessDenied) occurred when calling the PutX operation: {MESSAGE}",
            ("", "PutX", "AccessDenied"),
        ),
        (
            f"operation error Auto Scaling: PutX, https response error StatusCode: 403, api error C1: {MESSAGE}",
            ("AutoScaling", "PutX", "C1"),
        ),
        (
            f"{MESSAGE} (Service: Amazon S3; Status Code: 403; Error Code: AccessDenied; R",
            ("AmazonS3", "", "AccessDenied"),
        ),
        (f'"{MESSAGE} (Service: S3, Status Code: 403, Request ID: 1)"', ("S3", "", "403")),
        (f"API: iam:CreateRole {MESSAGE}", ("iam", "CreateRole", "")),
        (f"AccessDenied: {MESSAGE}", ("", "", "AccessDenied")),
        (MESSAGE, ("", "", "")),
    ],
)
def test_a_wrapper_is_read(text: str, expected: tuple[str, str, str]) -> None:
    passage = Passage(text)
    at = passage.squeezed.index(MESSAGE)
    found = read_wrapper(passage, at, at + len(MESSAGE))
    assert (found.service, found.operation, found.code) == expected


def test_the_codes_of_a_text_are_listed_once() -> None:
    text = "".join(f"An error occurred (A11) when calling the {each} operation: a " for each in ("X", "Y"))
    others = "api error B22: c (Service: S; Status Code: 400; Error Code: C33; R"
    assert find_codes(Passage(text + others)) == ["A11", "B22", "C33"]
