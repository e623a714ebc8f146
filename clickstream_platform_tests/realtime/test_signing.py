"""Signatures are those of botocore; credentials come from where botocore would find them."""

import datetime
from pathlib import Path

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotoCredentials
from hypothesis import given, settings
from hypothesis import strategies as st

from clickstream_platform.realtime.signing import Credentials, Signer, find_credentials
from clickstream_platform_tests.aws import Aws

# What credentials are made of: base64 and a little more.
secrets = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=", min_size=1, max_size=60)
HOSTS = ["dynamodb.us-east-1.amazonaws.com", "127.0.0.1:5000", "localhost:4566"]


def authorization_of_botocore(who: Credentials, region: str, host: str, headers: dict[str, str], body: bytes) -> str:
    request = AWSRequest("POST", f"http://{host}/", headers=headers, data=body)
    request.context["timestamp"] = headers["x-amz-date"]
    signer = SigV4Auth(BotoCredentials(who.access_key, who.secret_key, who.token), "dynamodb", region)
    text = signer.string_to_sign(request, signer.canonical_request(request))
    signed = ";".join(sorted(name.lower() for name in signer.headers_to_sign(request)))
    return (
        f"AWS4-HMAC-SHA256 Credential={signer.scope(request)}, SignedHeaders={signed}, "
        f"Signature={signer.signature(text, request)}"
    )


@settings(max_examples=200, deadline=None)
@given(
    st.binary(max_size=300),
    st.builds(Credentials, secrets, secrets, st.none() | secrets),
    st.sampled_from(["us-east-1", "eu-central-1"]),
    st.sampled_from(HOSTS),
    st.floats(0, 4e9),
    st.sampled_from(["GetItem", "BatchWriteItem"]),
)
def test_signatures_are_those_of_botocore(
    body: bytes, who: Credentials, region: str, host: str, now: float, operation: str
) -> None:
    headers = Signer("dynamodb", region, host, lambda: who).headers(f"DynamoDB_20120810.{operation}", body, now)
    authorization = headers.pop("authorization")
    assert authorization == authorization_of_botocore(who, region, host, headers, body)


def test_a_new_day_and_new_credentials_are_signed_with_their_own_key() -> None:
    """Keys are kept for as long as they are good: a stale one would be refused from midnight on."""
    who = Credentials("A", "one")
    signer = Signer("dynamodb", "us-east-1", HOSTS[0], lambda: who)
    for moment, credentials in [(0, who), (86_400, who), (86_400, Credentials("B", "two", "token")), (0, who)]:
        who = credentials
        headers = signer.headers("DynamoDB_20120810.GetItem", b"{}", moment)
        expected = headers.pop("authorization")
        assert expected == authorization_of_botocore(who, "us-east-1", HOSTS[0], headers, b"{}")
        assert ("x-amz-security-token" in headers) == (who.token is not None)


def test_the_moment_of_a_call_is_now() -> None:
    said = Signer("dynamodb", "us-east-1", HOSTS[0], lambda: Credentials("A", "s")).headers("T", b"")["x-amz-date"]
    moment = datetime.datetime.strptime(said, "%Y%m%dT%H%M%SZ").replace(tzinfo=datetime.UTC)
    assert abs(datetime.datetime.now(datetime.UTC) - moment) < datetime.timedelta(seconds=30)


def test_credentials_of_the_environment_are_taken_as_lambda_gives_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "A")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s")
    assert find_credentials()() == Credentials("A", "s", None)
    monkeypatch.setenv("AWS_SESSION_TOKEN", "t")
    assert find_credentials()() == Credentials("A", "s", "t")


def test_without_keys_in_the_environment_botocore_finds_them(
    aws: Aws, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "credentials"
    file.write_text("[default]\naws_access_key_id = F\naws_secret_access_key = f\naws_session_token = t\n")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))
    assert find_credentials()() == Credentials("F", "f", "t")


def test_no_credentials_at_all_is_said_at_the_start(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    with pytest.raises(RuntimeError, match="no AWS credentials: set AWS_ACCESS_KEY_ID"):
        find_credentials()
