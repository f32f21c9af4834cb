"""The device that a mail names, linked to its ticket: the one asset of the ticket's client that is called so, or none.
The desk would link another client's as well. Where the mail calls it by several names, all that are known have to mean
the same one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gateway.desk.outcome import Good, Outcome, Refused
from gateway.desk.pacing import BEGUN
from gateway.desk.port import MOST_ASSETS
from gateway.desk.records import Asset
from gateway.model.effects import AssetBody
from gateway.store.effects import EffectOf
from gateway.work.effects.base import Conflict, Repeatable, Run


class LinkAsset(Repeatable[AssetBody]):
    """The desk refuses a link that is there: then it is done."""

    kind = AssetBody.kind
    did = "linked the device to {ticket}"
    counted = True
    elsewhere = True
    conflict = Conflict.DONE
    compared = ""

    def describe(self, body: AssetBody) -> dict[str, Any]:
        return {"effect": "link asset", "asset": ", ".join(body.names)}

    def compare(self, body: AssetBody, outcome: str) -> dict[str, str]:
        return {"asset": ", ".join(body.names)} if outcome in ("ticket", "comment") else {}

    async def send(self, run: Run, effect: EffectOf[AssetBody], prepared: Any) -> Outcome:
        """Whose the ticket is now, a search for each name, the link."""
        ticket = await run.desk.ticket(run.on(effect), BEGUN)
        if not isinstance(ticket, Good):
            return ticket
        client_id = ticket.data.client_id
        mine: set[str] = set()
        for name in effect.body.names:
            found = await run.desk.assets(name)
            if not isinstance(found, Good):
                return found
            if len(found.data) >= MOST_ASSETS:
                return Refused(0, "UNCLEAR", f"{MOST_ASSETS} assets or more are called so")
            mine |= called(name, client_id, found.data)
        if len(mine) != 1:
            return Refused(0, "UNCLEAR", f"{len(mine)} assets of the client are called so")
        return await run.desk.link_asset(run.on(effect), mine.pop(), run.permit)


def called(name: str, client_id: str, assets: Sequence[Asset]) -> set[str]:
    """The ids of the client's assets whose name, tag or serial number is exactly this, in any case of its letters."""
    wanted = name.casefold()
    return {
        asset.id
        for asset in assets
        if client_id and asset.client_id == client_id
        if any(known.casefold() == wanted for known in asset.names)
    }
