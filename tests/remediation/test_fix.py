"""What keeps a fix from being made."""

from __future__ import annotations

import pytest

from koding_audit.model.account import Caller
from koding_audit.model.errors import RefusedError
from koding_audit.remediation.fix import refuse_root
from tests.values import ROOT


def test_nothing_is_written_with_roots_keys() -> None:
    with pytest.raises(RefusedError, match="root user") as caught:
        refuse_root(Caller(ROOT, root=True))
    assert caught.value.hint
    refuse_root(Caller("arn:aws:iam::123456789012:user/ada", root=False))
    refuse_root(None)
