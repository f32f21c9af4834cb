"""A fixture of a profile: a mail, and what must be read out of it."""

from __future__ import annotations

from pydantic import Field

from gateway.config.types import Section
from gateway.model.notice import State


class FilePart(Section):
    """A file of a fixture."""

    filename: str = Field(description="its name")
    content_type: str = Field("text/plain", description="its type")
    text: str = Field(description="what is in it")


class GivesPart(Section):
    """What must be read out of a fixture. What is absent is not compared, but for ``failed``."""

    state: State | None = Field(None, description="the state")
    word: str | None = Field(None, description="the state word")
    object: str | None = Field(None, description="the object")
    condition: str | None = Field(None, description="the condition")
    same_as: str | None = Field(None, description="another fixture, of the same problem")
    unlike: tuple[str, ...] = Field((), description="fixtures of other problems")
    title: str | None = Field(None, description="the title")
    severity: str | None = Field(None, description="the severity word")
    rank: int | None = Field(None, description="its level, from 1")
    clients: tuple[str, ...] | None = Field(None, description="the texts that name the client")
    fields: dict[str, str] = Field({}, description="values by name")
    failed: tuple[str, ...] = Field((), description="names that cannot be read")
    at: str | None = Field(None, description="when, in ISO 8601")
    sequence: int | None = Field(None, description="the number that orders")
    window: tuple[str, str] | None = Field(None, description="begin and end, in ISO 8601")
    objects: tuple[str, ...] | None = Field(None, description="what planned work touches")
    incident: str | None = Field(None, description="the incident")
    expected: str | None = Field(None, description="the expectation that it meets")
    parts: tuple[str, ...] | None = Field(None, description='of a mail of several, "state object: condition" of each')


class FixturePart(Section):
    """A mail with what must be read out of it; ``gateway check`` and the tests run it."""

    name: str = Field(min_length=1, description="name in messages")
    file: str = Field("", description="a mail beside the profile (.eml), instead of the rest")
    sender: str = Field("alerts@vendor.example", description="From")
    to: str = Field("support@msp.example", description="To and the recipient")
    subject: str = Field("", description="Subject")
    date: str = Field("Mon, 23 Nov 2026 06:10:00 +0000", description="Date")
    headers: dict[str, str] = Field({}, description="other headers")
    body: str = Field("", description="the text")
    html: str = Field("", description="the HTML")
    attachments: tuple[FilePart, ...] = Field((), description="files")
    matches: bool = Field(True, description="whether it is a mail of the product")
    gives: GivesPart = Field(GivesPart(), description="what must be read")
