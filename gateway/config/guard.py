"""How much one sender may make, against loops."""

from __future__ import annotations

from pydantic import Field

from gateway.config.types import Count, Section


class GuardSettings(Section):
    """Against loops: how much one sender may make before the rest is quarantined; 0 = no limit. Mail of proven senders
    counts for proven mail; other mail for mail of that login, or of that network and verdict."""

    tickets_per_hour: Count = Field(500, description="new tickets of one sender in an hour")
    comments_per_hour: Count = Field(1000, description="comments of one sender in an hour")
    answers: Count = Field(4, description="automatic replies of one sender in 15 minutes")
    domain_tickets_per_hour: Count = Field(2000, description="the same for a domain that is not a public one")
    domain_comments_per_hour: Count = Field(4000, description="the same for a domain that is not a public one")
    own_per_hour: Count = Field(60, description="tickets and comments by one of our own addresses in an hour")
    same_subject_per_hour: Count = Field(
        5, description="tickets of one sender with the same subject in an hour, whatever numbers stand in it"
    )
