"""The metrics, declared in one place (Prometheus). Labels are closed sets, never addresses of peers."""

from __future__ import annotations

import time

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

SECONDS = (0.01, 0.05, 0.1, 0.5, 1, 2, 5, 10, 30, 60, 300, 1800, 7200, 86400)


class Metrics:
    """One set of metrics with a registry of its own, so that several gateways fit into one process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()

        def counter(name: str, text: str, *labels: str) -> Counter:
            return Counter(f"gateway_{name}", text, labels, registry=self.registry)

        def gauge(name: str, text: str, *labels: str) -> Gauge:
            return Gauge(f"gateway_{name}", text, labels, registry=self.registry)

        def histogram(name: str, text: str, *labels: str) -> Histogram:
            return Histogram(f"gateway_{name}", text, labels, registry=self.registry, buckets=SECONDS)

        self.smtp_answers = counter("smtp_answers_total", "Answers to peers by code: 250 to DATA, 4xx and 5xx", "code")
        self.smtp_refusals = counter("smtp_refusals_total", "Refusals to peers by reason", "reason", "listener")
        self.smtp_verdicts = counter("smtp_verdicts_total", "Mails by sender verdict", "verdict", "listener")
        self.smtp_sessions = gauge("smtp_sessions", "Peers connected now")
        self.process_starts = gauge(
            "process_starts", "How often each process of the gateway was started, where it has several", "process"
        )
        self.arrivals_bytes = gauge("arrivals_bytes", "Bytes of mails that were accepted and are not in the store yet")
        self.arrivals_oldest = gauge("arrivals_oldest_seconds", "Age of the oldest mail that is not in the store yet")
        self.arrivals_aside = gauge("arrivals_aside", "Accepted mails that could not be put into the store")
        self.ended = counter("deliveries_ended_total", "Deliveries by what they became", "mailbox", "stage", "reason")
        self.latency = histogram("accept_to_end_seconds", "From accept to the end of a delivery", "mailbox")
        self.effects = counter("effects_total", "Effects by outcome of the request or read-back", "kind", "outcome")
        self.letters = counter("letters_total", "Mails of the gateway's own by what became of them", "kind", "outcome")
        self.reloads = counter("configuration_reloads_total", "Reloads of the configuration", "outcome")
        self.refused_configuration = gauge("configuration_refused", "1 while the newest configuration is refused")
        self.doubles = counter("doubles_total", "Effects that the desk has twice", "kind")
        self.desk_calls = counter("desk_calls_total", "Calls to the desk", "desk", "route", "outcome")
        self.desk_seconds = histogram("desk_call_seconds", "Time of a call to the desk", "desk", "route")
        self.parse_seconds = histogram("parse_seconds", "Time to read a mail in the child")
        self.parser_deaths = counter("parser_deaths_total", "Parser children that died or stalled")
        self.desk_up = gauge("desk_up", "1 while the desk answers and takes the key", "desk")
        self.desk_missing = gauge(
            "desk_lists_missing", "Lists that the desk did not give the last time; mail goes on without", "desk"
        )
        self.desk_blind = gauge(
            "desk_blind_clients", "Clients whose tickets the lists do not show to the key that makes them", "desk"
        )
        self.desk_gone = gauge(
            "desk_gone",
            "Mails that wait, and problems with an open ticket, of a desk that the configuration has no longer",
            "desk",
            "what",
        )
        self.mailbox_faults = gauge(
            "mailbox_faults", "Names of the mailbox that the desk does not have: above 0 its mail waits", "mailbox"
        )
        self.probe_seconds = gauge("probe_seconds", "Seconds that the last probe that came back took", "probe")
        self.probe_missing = gauge("probe_missing", "1 while the last probe is missing", "probe")
        self.silent = gauge(
            "mailbox_silent",
            "1 while nothing comes into it for longer than ever",
            "mailbox",
        )
        self.desk_budget = gauge("desk_budget_left", "Counted calls that could be made at once", "desk")
        self.deliveries = gauge(
            "deliveries", "Deliveries by state; arriving: those of the pending that are not in the store yet", "state"
        )
        self.by_mailbox = gauge(
            "mailbox_deliveries", "Deliveries in the store by mailbox, stage and reason", "mailbox", "stage", "reason"
        )
        self.files_held = gauge("files_held", "Files that wait for an operator or a scan, by rule", "rule")
        self.retention_deleted = counter("retention_deleted_total", "Deleted since their time was over", "what")
        self.retention_round = gauge("retention_last_round", "When the last round of deleting ended, since the epoch")
        self.unreadable = counter("store_unreadable_total", "Operations that needed a row which cannot be read")
        self.waiting = gauge("waiting", "Pending and held deliveries by what they wait for", "reason")
        self.oldest_pending = gauge("oldest_pending_seconds", "Age of the oldest pending delivery")
        self.problems = gauge(
            "problems", "Problems that vendors reported, by state; left: over, ticket left open", "state"
        )
        self.notices = gauge("notices_day", "Vendors' notices of the last 24 hours", "profile")
        self.notices_unread = gauge("notices_unread_day", "Those of them that could not be read", "profile")
        self.loop_lag = gauge("loop_lag_seconds", "Longest stall of the event loop in the last 10 seconds")

    def set_arrivals(self, size: int, oldest: float, aside: int) -> None:
        """What waits in the arrivals: ``size`` in bytes, ``oldest`` since the epoch, 0 for none."""
        self.arrivals_bytes.set(size)
        self.arrivals_oldest.set(time.time() - oldest if oldest else 0)
        self.arrivals_aside.set(aside)
