"""Telephone numbers in E.164, the international form."""

from functools import lru_cache


@lru_cache(maxsize=65_536)
def e164(phone: str, region: str) -> str | None:
    """The number as `+<country><number>`; None when it can be no telephone number.

    Args:
        phone: As people write it.
        region: ISO 3166 country that a number without a country code is in.
    """
    import phonenumbers  # its metadata takes a while to load, and most processes see no telephone number

    try:
        number = phonenumbers.parse(phone, region.upper())
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
