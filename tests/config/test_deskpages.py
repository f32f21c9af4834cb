"""Where a ticket's number leads: to the desk's pages, and nowhere else."""

from __future__ import annotations

import pytest

from gateway.config import deskpages
from gateway.config.deskpages import checked, ticket_page

ID = "0b9f3a52-7c1e-4f7a-9d3e-1a2b3c4d5e6f"
API = "https://desk.msp.example/api/v1"


@pytest.mark.parametrize(("web", "api", "page"), [
    ("", API, "https://desk.msp.example/msp/tickets/"),
    ("", API + "/", "https://desk.msp.example/msp/tickets/"),
    ("", "https://msp.example:8443/desk/api/v1", "https://msp.example:8443/desk/msp/tickets/"),
    ("", "http://10.0.0.5:3000/api/v1", "http://10.0.0.5:3000/msp/tickets/"),
    ("https://tickets.msp.example", "http://alga:3000/api/v1", "https://tickets.msp.example/msp/tickets/"),
    ("none", API, ""),
    ("", "http://alga:3000/api/v1", ""),  # a container's name
    ("", "http://server.desk.svc.cluster.local/api/v1", ""),
    ("", "http://127.0.0.1:8080/api/v1", ""),
    ("", "http://[::1]:8080/api/v1", ""),
    ("", "http://localhost:8080/api/v1", ""),
    ("", "https://desk.msp.example/other", ""),
    ("", "https://key:secret@desk.msp.example/api/v1", ""),
])  # fmt: skip
def test_where_a_number_leads(web: str, api: str, page: str) -> None:
    assert ticket_page(web, api, ID) == (page and page + ID)


@pytest.mark.parametrize("ticket_id", ["", "T1", "../../admin", f"{ID}/x", f"{ID}\n", "javascript:alert(1)", f"{ID}?a"])
def test_an_odd_id_leads_nowhere(ticket_id: str) -> None:
    assert ticket_page("", API, ticket_id) == ""


@pytest.mark.parametrize(("text", "kept"), [
    ("", ""), ("none", deskpages.NONE), ("https://desk.msp.example/", "https://desk.msp.example"),
    ("http://10.0.0.5:3000", "http://10.0.0.5:3000"), ("https://[2001:db8::1]/psa", "https://[2001:db8::1]/psa"),
])  # fmt: skip
def test_an_address_of_pages(text: str, kept: str) -> None:
    assert checked(text) == kept


@pytest.mark.parametrize("text", [
    "desk.msp.example", "javascript:alert(1)", "ftp://desk.msp.example", "https://", "https://a b", "https://x/?q=1",
    "https://x/#a", "https://user:secret@x", 'https://x/"><script>', "https://x/\n", "https://x:99999", "https://[::1",
    API, "https://desk.msp.example/msp/tickets", "None", "off",
])  # fmt: skip
def test_what_is_none(text: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        checked(text)
