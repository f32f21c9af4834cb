"""`python -m gateway.simulator --listen 127.0.0.1:0 --seed-file FILE --faults FILE`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from gateway.simulator.faults import Faults
from gateway.simulator.seed import Seed
from gateway.simulator.server import Simulator


def serve(
    listen: str = "127.0.0.1:8080",
    seed_file: str | None = None,
    faults_file: str | None = None,
    state_file: str | None = None,
    quiet: bool = False,
) -> int:
    """Serve until SIGINT or SIGTERM. The first line on stdout is `listening on URL`."""
    host, _, port = listen.rpartition(":")
    seed = Seed.load(seed_file) if seed_file else Seed()
    faults = Faults.load(faults_file) if faults_file else Faults()
    simulator = Simulator(seed, faults, state_file=state_file)
    listener = simulator.bind(host.strip("[]") or "127.0.0.1", int(port))
    listener.listen(512)
    print(f"listening on {simulator.url}", flush=True)
    if not quiet:
        print(f"desk url     {simulator.api}")
        print(f"api key      {simulator.key}")
        print(f"look at      {simulator.url}/_sim/tickets", flush=True)
    simulator.server(loop="auto").run(sockets=[listener])
    simulator.save()
    return 0


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="gateway simulator", description="Serve a simulated AlgaPSA desk.")
    parser.add_argument("--listen", default="127.0.0.1:8080", metavar="HOST:PORT", help="port 0 picks a free one")
    parser.add_argument("--seed-file", metavar="FILE", help="JSON: boards, clients, contacts, keys, limits")
    parser.add_argument("--faults", metavar="FILE", help="JSON: fault rules")
    parser.add_argument("--state", metavar="FILE", help="keep tickets in this file over a restart")
    parser.add_argument("--quiet", action="store_true", help="print the address only")
    given = parser.parse_args(argv)
    if not given.listen.rpartition(":")[2].isdecimal():
        parser.error(f"--listen {given.listen}: expected HOST:PORT; port 0 picks a free one")
    try:
        return serve(given.listen, given.seed_file, given.faults, given.state, given.quiet)
    except (OSError, OverflowError) as error:
        if isinstance(error, OSError) and error.filename:
            why = f"{error.filename}: {error.strerror}"
        else:
            why = f"{given.listen} cannot be listened on: {error} (--listen 127.0.0.1:0 picks a free port)"
        print(f"gateway simulator: {why}", file=sys.stderr)
    except ValueError as error:
        print(f"gateway simulator: {given.seed_file or given.faults or given.state}: {error}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
