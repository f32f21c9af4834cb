"""The gateway as it runs, with its desk in shadow and then live."""

from __future__ import annotations

import json
from pathlib import Path

from gateway.simulator import Simulator
from tests.harness import gateway, mail


def test_shadow_then_live(simulator: Simulator, tmp_path: Path) -> None:
    before = [call for call in simulator.desk.calls if call.method != "GET"]
    with gateway(tmp_path, simulator, desk='mode = "shadow"\nrate = 0') as process:
        row = process.became(process.send(mail("Printer", sender="alice@acme.example", message_id="<first@acme.example>")))
        assert (row["stage"], row["outcome"], row["rehearsed"]) == ("DONE", "ticket", True)
        assert '"mode":"shadow"' in process.get("/readyz")[1].replace(" ", "")
        report = json.loads(process.run("shadow", "report", "--json").stdout)
        assert report["became"] == {"ticket": 1} and report["clients"] == {"Acme": 1}
        assert process.run("shadow", "end").returncode == 2  # still in shadow by the configuration
        assert [call for call in simulator.desk.calls if call.method != "GET"] == before
        process.stop()

        process.config.write_text(process.config.read_text().replace('mode = "shadow"', 'mode = "live"'))
        done = process.run("shadow", "compare", "--json")
        assert json.loads(done.stdout)["counts"] == {"only here": 1}, done.stderr
        ended = process.run("shadow", "end", "--from", "2020-01-01")
        assert "1 mails are taken up" in ended.stdout, ended.stderr
        process.start()
        assert process.drained()["done"] == 1
        process.became(process.send(mail("Re: Printer", sender="alice@acme.example", reply_to="<first@acme.example>")))

    titles = [ticket["title"] for ticket in simulator.desk.tickets.values()]
    assert titles.count("Printer") == 1
