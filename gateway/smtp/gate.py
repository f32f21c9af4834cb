"""Who may come in at all: asked once for each connection, before anything is said.

A flood must cost no task and no time: who cannot come in is turned away on the spot.
"""

from __future__ import annotations

from gateway.smtp.context import ServerContext
from gateway.smtp.dialogue import Client
from gateway.smtp.policy import Policy
from gateway.smtp.replies import BUSY, DRAINING, NOT_FOR_YOU, OVERLOAD, Reply


class Gate:
    """The way in and out of one session."""

    def __init__(self, server: ServerContext, policy: Policy, client: Client) -> None:
        self._server = server
        self._policy = policy
        self._client = client
        self._is_inside = False

    def meet(self) -> Reply | None:
        """The refusal of a peer that just connected. Before a PROXY header only balancers come in."""
        if not self._policy.balancers:
            return self.enter()
        if not self._policy.balancers.holds(self._client.address):
            return NOT_FOR_YOU
        return BUSY if self._server.connections > 2 * self._server.settings.max_connections else None

    def enter(self) -> Reply | None:
        """The refusal; with None the session counts as one inside, until ``leave``."""
        server, client = self._server, self._client
        if server.draining:
            return DRAINING
        if self._policy.networks and not self._policy.networks.holds(client.address):
            return NOT_FOR_YOU
        client.is_exempt = server.limits.is_exempt(client.address)
        most = server.settings.max_connections
        # A tenth on top is kept for relays, so that a flood does not lock them out.
        if server.inside >= most + (most // 10 + 10 if client.is_exempt else 0):
            return BUSY
        if server.overload.reason and not client.is_exempt:
            return OVERLOAD._replace(code=421)
        if refusal := server.limits.enter(client.address):
            return refusal
        self._is_inside = True
        server.inside += 1
        return None

    def leave(self) -> None:
        """The session is over; once for each that came in."""
        if self._is_inside:
            self._is_inside = False
            self._server.inside -= 1
            self._server.limits.leave(self._client.address)
