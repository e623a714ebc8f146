"""Personal data: what is hashed, what is dropped, and how text is redacted before it is kept.

E-mail addresses become HMAC-SHA-256 (hex) of the trimmed, lower-case address under a secret key: the same person has
the same hash in events and in master data, and nobody without the key can try addresses against it.
"""

import hmac
import re
from functools import lru_cache

import msgspec

REDACTED = "[redacted]"

# Names of fields and query parameters whose values are a person's, whatever they look like.
_PERSONAL_NAMES = [
    "email",
    "e-mail",
    "e_mail",
    "mail",
    "emailaddress",
    "email_address",
    "useremail",
    "user_email",
    "customer_email",
    "contact_email",
    "billing_email",
    "shipping_email",
    "newsletter_email",
    "phone",
    "phone_number",
    "phonenumber",
    "telephone",
    "tel",
    "mobile",
    "mobile_number",
    "cell",
    "msisdn",
    "fax",
    "name",
    "full_name",
    "fullname",
    "first_name",
    "firstname",
    "last_name",
    "lastname",
    "surname",
    "given_name",
    "family_name",
    "middle_name",
    "customer_name",
    "user_name",
    "username",
    "billing_name",
    "shipping_name",
    "address",
    "street",
    "street_address",
    "address1",
    "address2",
    "address_1",
    "address_2",
    "billing_address",
    "shipping_address",
    "birthday",
    "birthdate",
    "birth_date",
    "date_of_birth",
    "dob",
    "ssn",
    "passport",
    "iban",
    "card_number",
    "cardnumber",
    "cvv",
    "cvc",
    "password",
    "passwd",
    "pwd",
    "token",
    "access_token",
    "auth_token",
    "api_key",
    "ip",
    "ip_address",
    "ipaddress",
    "client_ip",
    "clientip",
    "remote_addr",
    "remote_ip",
    "user_ip",
    "x_forwarded_for",
    "lat",
    "lon",
    "latitude",
    "longitude",
]
PERSONAL_PARAMETERS = frozenset(_PERSONAL_NAMES)

# The look-behind lets a run of letters be tried from its beginning only: linear in the text, whoever wrote it. A path
# segment or a parameter name before the address is no part of it, which is why the characters are few.
_EMAIL = re.compile(r"(?<![\w.+'\-])[\w.+'\-]+(?:@|%40|\\u0040)[\w\-]+(?:\.[\w\-]+)+", re.IGNORECASE)
_TORN_EMAIL = re.compile(r"(?<![\w.+'\-])[\w.+'\-]+(?:@|%40|\\u0040)[\w\-]*\Z", re.IGNORECASE)
_CREDENTIALS = re.compile(r"(?<=://)[^/?#@\s\"]{1,256}@")
_VALID_EMAIL = re.compile(
    r"(?=.{3,254}$)[a-z0-9!#$%&'*+/=?^_`{|}~\-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~\-]+)*"
    r"@(?:[a-z0-9](?:[a-z0-9\-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9\-]{0,61}[a-z0-9])"
)
_IPV4 = re.compile(r"(?<![\d.])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?![\d.])")
_IPV6 = re.compile(
    r"(?<![0-9A-Za-z:.])(?:(?:[0-9A-Fa-f]{1,4}:){4,7}[0-9A-Fa-f]{1,4}|(?:[0-9A-Fa-f]{1,4}:){1,7}:(?:[0-9A-Fa-f]{1,4}"
    r"(?::[0-9A-Fa-f]{1,4}){0,6})?)(?![0-9A-Za-z:.])"
)
_NAMED_VALUE = re.compile(
    r"(?i)(?P<head>(?P<quote>\\?[\"']?)\b(?:"
    + "|".join(sorted(map(re.escape, _PERSONAL_NAMES), key=len, reverse=True))
    + r")(?P=quote)\s*[:=]\s*)(?:\"(?:[^\"\\]|\\.)*(?:\"|\\?$)|'[^']*(?:'|$)|[^,}\]\s][^,}\]\n]*)"
)
_SUSPECT = re.compile(
    r"(?i)@|%40|\\u|\d\.\d+\.\d|[0-9a-f]:[0-9a-f:]*:[0-9a-f]|\"(?:" + "|".join(map(re.escape, _PERSONAL_NAMES)) + r")\""
)


@lru_cache(maxsize=65_536)
def normalized_email(email: str) -> str | None:
    """The trimmed, lower-case address when it is a plausible address, else None."""
    address = email.strip().lower()
    return address if _VALID_EMAIL.fullmatch(address) else None


@lru_cache(maxsize=65_536)
def email_hash(email: str, key: bytes | None) -> str | None:
    """HMAC-SHA-256 (hex) of the normalised address; None without a key or a plausible address."""
    address = normalized_email(email)
    return None if key is None or address is None else hmac.digest(key, address.encode(), "sha256").hex()


def redact_emails(text: str) -> str:
    """The text with e-mail addresses replaced."""
    return _EMAIL.sub(REDACTED, text) if "@" in text or "%40" in text or "\\u0040" in text else text


def redact_text(text: str) -> str:
    """The text with e-mail and IP addresses and the credentials of URLs replaced."""
    if "://" in text and "@" in text:
        text = _CREDENTIALS.sub(f"{REDACTED}@", text)
    text = redact_emails(text)
    if text.count(".") >= 3:
        text = _IPV4.sub(REDACTED, text)
    if text.count(":") >= 2:
        text = _IPV6.sub(REDACTED, text)
    return text


@lru_cache(maxsize=16_384)
def clean_properties(text: str) -> str:
    """Properties (a JSON object) without personal data; the very text when there is none."""
    if not _SUSPECT.search(text):
        return text
    try:
        return msgspec.json.encode(_redacted(msgspec.json.decode(text))).decode()
    except (ValueError, RecursionError):
        return redact_record(text)


def redact_record(text: str) -> str:
    """A refused record with what looks personal replaced: by its structure where it is JSON, else by its text."""
    try:
        return msgspec.json.encode(_redacted(msgspec.json.decode(text))).decode()
    except (ValueError, RecursionError):
        text = redact_text(_NAMED_VALUE.sub(lambda match: f'{match["head"]}"{REDACTED}"', text))
        return _TORN_EMAIL.sub(REDACTED, text)  # it may break off within an address


def _redacted(value: object) -> object:
    if isinstance(value, dict):
        return {
            name: REDACTED
            if str(name).lower() in PERSONAL_PARAMETERS and inner is not None and inner != ""
            else _redacted(inner)
            for name, inner in value.items()
        }
    if isinstance(value, list):
        return [_redacted(inner) for inner in value]
    return redact_text(value) if isinstance(value, str) else value
