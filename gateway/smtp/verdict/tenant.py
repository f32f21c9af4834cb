"""Mail within our own Microsoft 365 tenant: proven by what Exchange Online says of who submitted it.

Exchange Online checks nothing of a mail between its own mailboxes (the stamp says dmarc=none), but it knows who
logged in. When a mail leaves a tenant it writes X-MS-Exchange-CrossTenant-Id (whose tenant) and -AuthAs
(Internal: submitted with a login of that tenant; Anonymous: came from outside, "direct send" too), and takes off
what stood there when a mail comes in from outside. Its networks are shared by all tenants, so both must be there,
once, and say the same as everything else of their kind.
"""

from __future__ import annotations

from collections.abc import Sequence

from gateway.mail.head import RawHeader

AUTH_AS = "x-ms-exchange-crosstenant-authas"
ID = "x-ms-exchange-crosstenant-id"
ENTITY = "x-ms-exchange-crosstenant-fromentityheader"


def doubt(fields: Sequence[RawHeader], tenant: str) -> str:
    """Why the mail is not proven to be from within the tenant, "" when it is. Words for the operator."""
    ids, auth_as = _values(fields, ID), _values(fields, AUTH_AS)
    if not ids or not auth_as:
        return "X-MS-Exchange-CrossTenant-Id and -AuthAs are not there"
    if len(ids) > 1 or len(auth_as) > 1:
        return "X-MS-Exchange-CrossTenant-Id or -AuthAs stands there twice"
    if ids[0] != tenant.lower():
        return "X-MS-Exchange-CrossTenant-Id names another tenant"
    claims = [_plain(raw) for name, raw in fields if _says_who(name.lower())]
    if any(claim != "internal" for claim in claims):
        return "X-MS-Exchange-CrossTenant-AuthAs does not say Internal: nobody of the tenant logged in to send it"
    if len(entities := _values(fields, ENTITY)) > 1 or "internet" in entities:
        return "X-MS-Exchange-CrossTenant-FromEntityHeader says that it came from the internet"
    return ""


def is_anothers(fields: Sequence[RawHeader], tenant: str) -> bool:
    """Whether Exchange Online says that the mail left by way of a tenant that is not ours."""
    return any(value != tenant.lower() for value in _values(fields, ID))


def claims_to_be_internal(fields: Sequence[RawHeader]) -> bool:
    """Whether Exchange Online says that somebody of a tenant logged in."""
    return "internal" in _values(fields, AUTH_AS)


def _says_who(name: str) -> bool:
    """AuthAs in all its forms: CrossTenant, CrossPremises (hybrid connectors), Organization."""
    return name.startswith("x-ms-exchange-") and name.endswith("-authas")


def _values(fields: Sequence[RawHeader], wanted: str) -> list[str]:
    return [_plain(raw) for name, raw in fields if name.lower() == wanted]


def _plain(raw: bytes) -> str:
    return raw.decode("ascii", "replace").strip(" \t").lower()
