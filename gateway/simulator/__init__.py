"""A simulated AlgaPSA desk: faithful in fields, errors, limits and surprises, with faults to order.

For the demo, the tests and the benchmarks; see `Simulator` for use in a test and `main` for a
process of its own.
"""

from gateway.simulator.faults import Faults
from gateway.simulator.seed import DEFAULT_KEY, Seed
from gateway.simulator.server import Simulator
from gateway.simulator.state import Call, Desk, Mail

__all__ = ["DEFAULT_KEY", "Call", "Desk", "Faults", "Mail", "Seed", "Simulator"]
