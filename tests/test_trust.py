"""TLS to others accepts nothing old, whatever the Python in use was compiled to accept."""

import ssl

import pytest

from appliance import trust


@pytest.mark.parametrize("default", [ssl.TLSVersion.MINIMUM_SUPPORTED, ssl.TLSVersion.TLSv1_3])
def test_nothing_older_than_1_2_is_accepted(monkeypatch: pytest.MonkeyPatch, default: ssl.TLSVersion) -> None:
    made = ssl.create_default_context()
    made.minimum_version = default
    monkeypatch.setattr(ssl, "create_default_context", lambda: made)
    context = trust.trusting()
    assert context.minimum_version == max(default, ssl.TLSVersion.TLSv1_2)
    assert context.check_hostname and context.verify_mode == ssl.CERT_REQUIRED
