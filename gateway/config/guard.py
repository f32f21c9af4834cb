"""How much one sender may make, against loops."""

from __future__ import annotations

from pydantic import Field

from gateway.config.types import Count, Section


class GuardSettings(Section):
    """Against loops: how much one sender may cause before the rest is quarantined; 0 = no limit. A sender's proven mail
    is counted by itself, so mail in their name uses up nothing of it. Other mail is counted by its login, or by its
    network and verdict."""

    tickets_per_hour: Count = Field(500, description="new tickets of one sender in an hour")
    comments_per_hour: Count = Field(1000, description="comments of one sender in an hour")
    answers: Count = Field(4, description="automatic replies of one sender in 15 minutes")
    domain_tickets_per_hour: Count = Field(2000, description="new tickets of a domain in an hour, unless it is public")
    domain_comments_per_hour: Count = Field(4000, description="comments of a domain in an hour, unless it is public")
    own_per_hour: Count = Field(60, description="tickets and comments by one of our own addresses in an hour")
    same_subject_per_hour: Count = Field(
        5, description="tickets of one sender with the same subject in an hour, whatever numbers stand in it"
    )
