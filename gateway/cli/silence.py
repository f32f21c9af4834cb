"""How mail flows into the mailboxes, and which are silent."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import typer

from gateway.cli.shared import ConfigOption, JsonOption, on_store, print_json, settings_of, table, when

if TYPE_CHECKING:
    from gateway.upkeep.silence import State

app = typer.Typer()

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@app.command()
def silence(config_file: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Show each mailbox's rhythm, and from when on a silence would be reported."""
    from gateway.upkeep.silence import states

    settings = settings_of(config_file)
    found = on_store(config_file, lambda connection: states(connection, settings, time.time()))
    if as_json:
        print_json([_row(state) for state in found])
        return
    columns = ["mailbox", "mails a week", f"busiest hour ({settings.timezone})", "last mail", "told from", "now"]
    table(columns, [list(_row(state).values()) for state in found])


def _row(state: State) -> dict[str, object]:
    flow = state.flow
    if flow is None:
        return {
            "mailbox": state.mailbox,
            "a_week": "",
            "busiest": "",
            "last": when(state.last),
            "told_from": "",
            "now": "too little mail to tell, or for less than three weeks",
        }
    busiest = max(range(len(flow.rates)), key=flow.rates.__getitem__)
    return {
        "mailbox": state.mailbox,
        "a_week": round(flow.a_week),
        "busiest": f"{DAYS[busiest // 24]} {busiest % 24}:00",
        "last": when(state.last),
        "told_from": when(flow.told_at(state.last)) if state.last else "",
        "now": f"silent since {when(state.silent_since)}" if state.silent_since else "as usual",
    }
