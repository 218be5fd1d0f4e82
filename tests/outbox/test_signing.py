"""Standard Webhooks signatures, by the specification's own example and by what must not pass."""

from __future__ import annotations

import pytest

from casework.outbox.signing import BadSignature, headers_for, new_secret, verify

# The example of the specification's reference libraries.
KEY = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BODY = b'{"test": 2432232314}'
NAME, MOMENT = "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_the_example_of_the_specification():
    assert headers_for(NAME, BODY, [KEY], now=MOMENT) == {
        "webhook-id": NAME, "webhook-timestamp": str(MOMENT), "webhook-signature": SIGNATURE
    }  # fmt: skip


def test_one_good_signature_among_others_is_enough():
    headers = headers_for(NAME, BODY, [new_secret(), KEY], now=MOMENT)
    assert verify(headers, BODY, [KEY], now=MOMENT + 299) == NAME


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"webhook-signature": SIGNATURE.replace("v1,", "v1a,")}, "signature"),
        ({"webhook-signature": "v1,é"}, "signature"),
        ({"webhook-signature": ""}, "headers"),
        ({"webhook-id": "msg_other"}, "signature"),
        ({"webhook-id": "a\nb"}, "headers"),
        ({"webhook-timestamp": "1614265331"}, "signature"),
        ({"webhook-timestamp": "١٦١٤٢٦٥٣٣٠"}, "headers"),
        ({"webhook-timestamp": "-1"}, "headers"),
        ({"webhook-timestamp": "1614265000"}, "time"),
    ],
)
def test_what_was_changed_does_not_pass(changed: dict[str, str], code: str):
    headers = headers_for(NAME, BODY, [KEY], now=MOMENT) | changed
    with pytest.raises(BadSignature) as refused:
        verify(headers, BODY, [KEY], now=MOMENT)
    assert refused.value.code == code


def test_a_changed_body_does_not_pass():
    with pytest.raises(BadSignature):
        verify(headers_for(NAME, BODY, [KEY], now=MOMENT), BODY + b" ", [KEY], now=MOMENT)


def test_no_secret_verifies_nothing():
    with pytest.raises(BadSignature):
        verify(headers_for(NAME, BODY, [KEY], now=MOMENT), BODY, [], now=MOMENT)
