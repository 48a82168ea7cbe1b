"""Each scheme with what its makers publish; then everything that must not pass."""

import base64
import hashlib
import hmac
from typing import NamedTuple

import pytest

from appliance.domain import hook_signatures
from appliance.domain.hook_signatures import SCHEMES, Signing
from appliance.errors import Problem

SLACK_BODY = (
    b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar"
    b"&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com"
    b"%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d"
    b"10d2c447fce8b6703c"
)


class Vector(NamedTuple):
    signing: Signing
    secret: str
    headers: dict[str, str]
    body: bytes
    at: int

    def verify(self, **changed: object) -> None:
        given = self._replace(**changed)  # type: ignore[arg-type]
        hook_signatures.verify(given.signing, [given.secret], given.headers, given.body, given.at)


# docs.github.com, "Validating webhook deliveries", "Testing the webhook payload validation".
GITHUB = Vector(
    Signing("github"),
    "It's a Secret to Everybody",
    {"x-hub-signature-256": "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"},
    b"Hello, World!",
    0,
)
# api.slack.com, "Verifying requests from Slack", the walkthrough.
SLACK = Vector(
    Signing("slack"),
    "8f742231b10e8888abcd99yyyzzz85a5",
    {
        "x-slack-request-timestamp": "1531420618",
        "x-slack-signature": "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503",
    },
    SLACK_BODY,
    1531420618,
)
# The tests of the reference libraries of standardwebhooks.com.
STANDARD = Vector(
    Signing("standard"),
    "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    },
    b'{"test": 2432232314}',
    1614265330,
)
# Stripe publishes the rule and no example of it; this one is by `openssl dgst -sha256 -hmac`.
STRIPE_MAC = "09357d4fb8d9eba6f07fdea6b2428fa819063ec7bb7f9eca18b88cf0ff729476"
STRIPE = Vector(
    Signing("stripe"),
    "whsec_test_secret",
    {"stripe-signature": f"t=1492774577,v1={STRIPE_MAC},v0=00"},
    b'{"id": "evt_1", "object": "event"}',
    1492774577,
)
HEX = Vector(
    Signing("header", "X-Signature", "hex", "sha256="),
    GITHUB.secret,
    {"x-signature": GITHUB.headers["x-hub-signature-256"]},
    GITHUB.body,
    0,
)
BASE64 = Vector(
    Signing("header", "X-Shop-Hmac", "base64"),
    GITHUB.secret,
    {"x-shop-hmac": base64.b64encode(bytes.fromhex(GITHUB.headers["x-hub-signature-256"][7:])).decode()},
    GITHUB.body,
    0,
)
VECTORS = {"github": GITHUB, "slack": SLACK, "standard": STANDARD, "stripe": STRIPE, "hex": HEX, "base64": BASE64}
TIMED = ("slack", "standard", "stripe")
every = pytest.mark.parametrize("name", VECTORS)


def refusal(vector: Vector, **changed: object) -> str:
    with pytest.raises(Problem) as caught:
        vector.verify(**changed)
    assert (caught.value.code, caught.value.status) == ("bad_signature", 401)
    return caught.value.detail


@every
def test_what_the_makers_of_a_scheme_publish_is_verified(name: str) -> None:
    VECTORS[name].verify()


@every
def test_a_body_with_one_byte_changed_is_refused(name: str) -> None:
    vector = VECTORS[name]
    assert "does not fit" in refusal(vector, body=vector.body[:-1] + b"?")
    assert "does not fit" in refusal(vector, body=vector.body + b"\n")


@every
def test_another_secret_is_refused(name: str) -> None:
    other = "whsec_" + base64.b64encode(b"x" * 24).decode()
    assert "does not fit" in refusal(VECTORS[name], secret=other)


@every
def test_a_missing_header_is_named(name: str) -> None:
    vector = VECTORS[name]
    for header in vector.headers:
        left = {key: value for key, value in vector.headers.items() if key != header}
        assert refusal(vector, headers=left).lower() == f"the header {header} is missing."


@every
@pytest.mark.parametrize("wrong", ["sha256=", "v1,", "t=1492774577", "zz", "v1=é", "=", ",,,", "v0=" + "0" * 63])
def test_what_is_no_signature_is_refused(name: str, wrong: str) -> None:
    vector = VECTORS[name]
    header = list(vector.headers)[-1]
    refusal(vector, headers=vector.headers | {header: wrong})


@pytest.mark.parametrize("name", TIMED)
@pytest.mark.parametrize(("off", "passes"), [(-301, False), (-300, True), (0, True), (300, True), (301, False)])
def test_clocks_may_differ_by_the_tolerance_either_way(name: str, off: int, passes: bool) -> None:
    vector = VECTORS[name]
    if passes:
        vector.verify(at=vector.at + off)
        return
    side = "ago" if off > 0 else "ahead"
    assert f"301 seconds {side}; 300 are allowed" in refusal(vector, at=vector.at + off)


@pytest.mark.parametrize("name", TIMED)
def test_a_replay_with_a_fresh_time_does_not_fit(name: str) -> None:
    vector = VECTORS[name]
    fresh = {key: value.replace(str(vector.at), str(vector.at + 9999)) for key, value in vector.headers.items()}
    assert "does not fit" in refusal(vector, headers=fresh, at=vector.at + 9999)


@pytest.mark.parametrize("name", TIMED)
@pytest.mark.parametrize("stamp", ["", "soon", "-5", "1e9", "9" * 40, "٣"])
def test_a_time_that_is_none_is_refused(name: str, stamp: str) -> None:
    vector = VECTORS[name]
    refusal(vector, headers={key: v.replace(str(vector.at), stamp) for key, v in vector.headers.items()})


def test_one_of_several_signatures_is_enough() -> None:
    right = STANDARD.headers["webhook-signature"]
    STANDARD.verify(headers=STANDARD.headers | {"webhook-signature": f"v1a,xyz v1,aGVsbG8= {right}"})
    stripe = STRIPE.headers["stripe-signature"].replace("t=1492774577,", "t=1492774577,v1=00ff,")
    STRIPE.verify(headers={"stripe-signature": stripe})


def test_one_of_two_secrets_is_enough() -> None:
    both = ["another secret", GITHUB.secret]
    hook_signatures.verify(GITHUB.signing, both, GITHUB.headers, GITHUB.body, 0)
    with pytest.raises(Problem, match="does not fit"):
        hook_signatures.verify(GITHUB.signing, [], GITHUB.headers, GITHUB.body, 0)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_secret_made_here_signs_in_its_scheme(scheme: str) -> None:
    secret = hook_signatures.new_secret(scheme)
    hook_signatures.check_secret(scheme, secret)
    key = base64.b64decode(secret.removeprefix("whsec_")) if scheme == "standard" else secret.encode()
    assert len(key) >= 32
    if scheme == "standard":
        mac = base64.b64encode(hmac.digest(key, b"m.1.x", hashlib.sha256)).decode()
        headers = {"webhook-id": "m", "webhook-timestamp": "1", "webhook-signature": f"v1,{mac}"}
        hook_signatures.verify(Signing("standard"), [secret], headers, b"x", 1)


@pytest.mark.parametrize(
    ("signing", "field"),
    [
        (Signing("md5"), "scheme"),
        (Signing("header"), "header"),
        (Signing("header", "X: y"), "header"),
        (Signing("header", "X-Sig", "binary"), "encoding"),
        (Signing("slack", tolerance_s=0), "tolerance_s"),
        (Signing("slack", tolerance_s=3601), "tolerance_s"),
    ],
)
def test_a_way_of_signing_that_proves_nothing_is_refused(signing: Signing, field: str) -> None:
    with pytest.raises(Problem) as caught:
        hook_signatures.check(signing)
    assert list(caught.value.errors) == [field]


@pytest.mark.parametrize(
    ("scheme", "secret"), [("github", "short"), ("github", "tab\tinside it"), ("standard", "no base64!")]
)
def test_a_secret_that_could_be_guessed_or_not_be_read_is_refused(scheme: str, secret: str) -> None:
    with pytest.raises(Problem, match="secret"):
        hook_signatures.check_secret(scheme, secret)
