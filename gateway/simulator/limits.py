"""The desk's rate limit: a token bucket for each key, 120 at once and 60 a minute by default.

Three modes, since an operator switches it on: `enforce` refuses, `observe` counts and shows
the headers only, `off` shows nothing. Source: recordings under ratelimit/.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import ceil, floor

from gateway.simulator.times import iso
from gateway.simulator.wire import Answer, dumps


@dataclass(slots=True)
class Bucket:
    tokens: float
    at: float


@dataclass(slots=True)
class RateLimit:
    mode: str = "enforce"
    burst: int = 120
    per_minute: float = 60.0
    buckets: dict[str, Bucket] = field(default_factory=dict)
    counted: dict[str, int] = field(default_factory=dict)
    refused: dict[str, int] = field(default_factory=dict)

    def take(self, key: str, now: float) -> tuple[dict[str, str], Answer | None]:
        """Count one call: the headers of a good answer, and the 429 when there is no token."""
        self.counted[key] = self.counted.get(key, 0) + 1
        if self.mode == "off":
            return {}, None
        bucket = self.buckets.get(key)
        if bucket is None:
            bucket = self.buckets[key] = Bucket(float(self.burst), now)
        refill = max(0.0, now - bucket.at) * self.per_minute / 60
        bucket.tokens = min(float(self.burst), bucket.tokens + refill)
        bucket.at = now
        if bucket.tokens >= 1:
            bucket.tokens -= 1
        elif self.mode == "enforce":
            self.refused[key] = self.refused.get(key, 0) + 1
            wait = (1 - bucket.tokens) * 60 / self.per_minute if self.per_minute > 0 else 3600.0
            return {}, too_many(self.burst, wait, now)
        return {
            "x-ratelimit-limit": str(self.burst),
            "x-ratelimit-remaining": str(floor(bucket.tokens)),
        }, None


def too_many(burst: int, wait: float, now: float) -> Answer:
    millis = max(1, ceil(wait * 1000))
    return Answer(
        429,
        dumps(
            {
                "error": {
                    "code": "RATE_LIMITED",
                    "message": "Too many requests",
                    "details": {"retry_after_ms": millis, "remaining": 0},
                }
            }
        ),
        headers={
            "retry-after": str(max(1, ceil(millis / 1000))),
            "x-ratelimit-limit": str(burst),
            "x-ratelimit-remaining": "0",
            "x-ratelimit-reset": iso(now + wait),
        },
    )
