"""Mail within our own Microsoft 365 tenant: what proves it, and everything that looks like it."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from gateway.config.smtp import SmtpSettings
from gateway.store.engine import Store
from tests.smtp.serving import envelopes, peer, serving
from tests.smtp.test_judge import send

OURS = "5f3c1d2e-0a4b-4c6d-8e9f-0123456789ab"
THEIRS = "00000000-1111-2222-3333-444444444444"
SETTINGS = {"authserv_ids": ["-"], "relays": ["127.0.0.0/8"], "tenant": OURS}

NO_CHECKS = "Authentication-Results: dkim=none (message not signed) header.d=none;dmarc=none action=none header.from=msp.example;"
CHECKED = "Authentication-Results: spf=pass (sender IP is 192.0.2.1) smtp.mailfrom={0}; dkim=none header.d=none;dmarc=pass action=none header.from={0};compauth=pass reason=100"
INTERNAL = f"X-MS-Exchange-CrossTenant-AuthAs: Internal\nX-MS-Exchange-CrossTenant-Id: {OURS}"
HOSTED = (
    INTERNAL + "\nX-MS-Exchange-CrossTenant-FromEntityHeader: Hosted\nX-MS-Exchange-CrossTenant-MailboxType: HOSTED"
)
TECHNICIAN, CUSTOMER = "boss@msp.example", "ann@acme.example"

MAILS = {
    # a technician, as Exchange Online hands his mail to a connector
    "a technician's": (NO_CHECKS + "\n" + HOSTED, TECHNICIAN, "pass"),
    "with no stamp": (INTERNAL, TECHNICIAN, "pass"),
    "in other letters": (INTERNAL.replace("Internal", "INTERNAL").replace(OURS, OURS.upper()), TECHNICIAN, "pass"),
    "with the hybrid connector's headers": (INTERNAL + "\nX-MS-Exchange-CrossPremises-AuthAs: Internal", TECHNICIAN, "pass"),
    # what is not proven by it
    "a customer's name": (NO_CHECKS.replace("msp", "acme") + "\n" + HOSTED, CUSTOMER, "none"),
    "a customer's, by DMARC": (CHECKED.format("acme.example") + "\n" + INTERNAL.replace("Internal", "Anonymous"), CUSTOMER, "pass"),
    "direct send": (NO_CHECKS + "\n" + INTERNAL.replace("Internal", "Anonymous"), TECHNICIAN, "none"),
    "direct send that failed": (NO_CHECKS.replace("dmarc=none", "dmarc=fail").replace("action=none", "action=oreject") + "\n" + HOSTED, TECHNICIAN, "fail"),
    "another tenant": (NO_CHECKS + "\n" + INTERNAL.replace(OURS, THEIRS), TECHNICIAN, "none"),
    "another tenant that says what it likes": (CHECKED.format("msp.example") + "\n" + INTERNAL.replace(OURS, THEIRS), TECHNICIAN, "none"),
    "another tenant in a customer's name": (CHECKED.format("acme.example") + "\n" + INTERNAL.replace(OURS, THEIRS), CUSTOMER, "none"),
    "no id": (NO_CHECKS + "\nX-MS-Exchange-CrossTenant-AuthAs: Internal", TECHNICIAN, "none"),
    "no AuthAs": (NO_CHECKS + f"\nX-MS-Exchange-CrossTenant-Id: {OURS}", TECHNICIAN, "none"),
    "the id twice": (HOSTED + f"\nX-MS-Exchange-CrossTenant-Id: {OURS}", TECHNICIAN, "unknown"),
    "two ids": (HOSTED + f"\nX-MS-Exchange-CrossTenant-Id: {THEIRS}", TECHNICIAN, "unknown"),
    "AuthAs twice": (HOSTED + "\nX-MS-Exchange-CrossTenant-AuthAs: Internal", TECHNICIAN, "unknown"),
    "AuthAs both ways": (HOSTED + "\nx-ms-exchange-crosstenant-authas: Anonymous", TECHNICIAN, "unknown"),
    "the organisation says otherwise": (HOSTED + "\nX-MS-Exchange-Organization-AuthAs: Anonymous", TECHNICIAN, "unknown"),
    "from the internet": (HOSTED.replace("Hosted", "Internet"), TECHNICIAN, "unknown"),
    "partner": (INTERNAL.replace("Internal", "Partner"), TECHNICIAN, "unknown"),
    "words around it": (INTERNAL.replace("Internal", "Internal; Anonymous"), TECHNICIAN, "unknown"),
    "a longer name": (INTERNAL.replace("-AuthAs", "-AuthAsX"), TECHNICIAN, "unknown"),
    "the name of the older header": (INTERNAL.replace("CrossTenant-AuthAs", "Organization-AuthAs"), TECHNICIAN, "unknown"),
    "a stamp about somebody else": (NO_CHECKS.replace("msp", "evil") + "\n" + HOSTED, TECHNICIAN, "fail"),
    "in the name of a subdomain": (HOSTED, "boss@sub.msp.example", "unknown"),
}  # fmt: skip


def mail(headers: str, sender: str) -> bytes:
    return (headers.replace("\n", "\r\n") + f"\r\nFrom: {sender}\r\nSubject: x\r\n\r\nx").encode()


@pytest.mark.parametrize("name", MAILS)
async def test_mail_within_the_tenant(name: str, kept: Store, tmp_path: Path) -> None:
    headers, sender, verdict = MAILS[name]
    async with serving(kept, tmp_path, **SETTINGS) as listener, peer(listener) as client:
        assert (await send(client, mail(headers, sender))).startswith("250")

    (envelope,) = await envelopes(kept)
    assert envelope["verdict"] == verdict, envelope["verdict_reason"]
    own = sender.endswith("@msp.example")
    assert envelope["quarantine"] == ("spoofed-internal" if own and verdict != "pass" else "")


async def test_from_a_relays_network_and_nobody_elses(kept: Store, tmp_path: Path) -> None:
    forged = mail(NO_CHECKS + "\n" + HOSTED, TECHNICIAN)
    async with (
        serving(kept, tmp_path, **{**SETTINGS, "relays": ["192.0.2.0/24"]}) as listener,
        peer(listener) as client,
    ):
        await send(client, forged)
    listeners = [{"name": "in", "listen": "127.0.0.1:0", "vouched": ["192.0.2.0/24"]}]
    settings = {**SETTINGS, "relays": ["192.0.2.0/24"], "listeners": listeners}
    async with serving(kept, tmp_path, **settings) as listener, peer(listener) as client:
        await send(client, forged + b"2")

    assert [envelope["verdict"] for envelope in await envelopes(kept)] == ["unknown", "unknown"]


async def test_the_words_say_how_to_mend_it(kept: Store, tmp_path: Path) -> None:
    """Without the tenant's id, with a wrong one, and for mail that nobody logged in to send."""
    reasons = []
    for tenant, headers in (("", HOSTED), (THEIRS, HOSTED), (OURS, HOSTED.replace("Internal", "Anonymous"))):
        async with serving(kept, tmp_path, **{**SETTINGS, "tenant": tenant}) as listener, peer(listener) as client:
            await send(client, mail(NO_CHECKS + "\n" + headers, TECHNICIAN) + tenant.encode())
        reasons.append((await envelopes(kept))[-1]["verdict_reason"])

    assert "needs [smtp] tenant" in reasons[0]
    assert "names another tenant" in reasons[1]
    assert "nobody of the tenant logged in" in reasons[2]


@pytest.mark.parametrize("settings", [{"tenant": OURS}, {"tenant": "msp.onmicrosoft.com", "relays": ["192.0.2.0/24"]}])
def test_settings_that_prove_nothing_are_refused(settings: dict[str, object]) -> None:
    with pytest.raises(ValidationError, match="tenant"):
        SmtpSettings.model_validate(settings)
