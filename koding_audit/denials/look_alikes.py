"""Recognizes errors that only look like denials: credentials, signatures, quotas, other systems and more."""

from __future__ import annotations

import re

from koding_audit.denials.codes import is_denial_code
from koding_audit.denials.knowledge import DenialTables
from koding_audit.denials.passage import Passage
from koding_audit.denials.values import LookAlike
from koding_audit.denials.wrappers import find_codes

_OTHER_CLOUD = re.compile(r"not authorized to perform:\s{0,9}[a-z0-9-]{2,40}:[A-Za-z0-9-]{2,40}:[a-z]")


def find_look_alikes(passage: Passage, tables: DenialTables) -> tuple[LookAlike, ...]:
    """Return the errors of a text that are not denials, each once, the most specific first."""
    found = dict.fromkeys(each for words, each in tables.look_alikes.items() if words in passage.lowered)
    if _OTHER_CLOUD.search(passage.text):
        other = LookAlike("other", "an error of another cloud, not of AWS", "check the permissions in that cloud")
        found = {other: None, **found}
    return tuple(found)


def find_look_alike_in(words: str, tables: DenialTables) -> LookAlike | None:
    """Return what a message or an error code means; None if it is not known to be another error than a denial."""
    return next(iter(find_look_alikes(Passage(words), tables)), None)


def of_reason(reason: str, tables: DenialTables) -> LookAlike | None:
    """Return what the reason in AWS's sentence means, in lower case without spaces, if it is not a policy."""
    return next((each for words, each in tables.look_alikes.items() if words in reason), None)


def of_error_code(code: str) -> LookAlike:
    """Return what an error code of no known meaning is: another error than a denial."""
    return LookAlike("other", f"{code} is another error than a denial", "see the documentation of the error code")


def of_other_codes(passage: Passage) -> tuple[LookAlike, ...]:
    """Return what the first error code of a text is that is not a denial's, where nothing else is known; () if none."""
    codes = [each for each in find_codes(passage) if not is_denial_code(each) and not each.isdigit()]
    return tuple(map(of_error_code, codes[:1]))
