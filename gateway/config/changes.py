"""What differs between two configurations, and which of it a running gateway takes without a restart. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ValidationError

from gateway.config.settings import ConfigError, Settings

LIVE = (
    "rule", "domain", "aliases", "importance", "priorities", "notices", "notice", "profiles", "file", "guard",
    "silence", "smarthost", "acknowledge", "reports", "probe", "window", "calendar",
)  # fmt: skip
"""Sections that are taken at once."""
LIVE_KEYS = {"desks": ("api_key", "api_key_file", "web"), "console": ("users", "header_role", "oidc")}
"""Keys of other sections that are."""
NAMES = {
    "rule": "name",
    "domain": "domain",
    "notice": "called",
    "file": "name",
    "mailbox": "address",
    "window": "name",
    "calendar": "name",
}
"""By what an entry of a list is known."""
WHOLE = ""
"""In place of a key, for all of them: a desk may be called as a key is."""


@dataclass(frozen=True, slots=True)
class Changes:
    """``settings`` are those to go on with: the old ones, with what can be taken at once; ``taken`` and ``restart`` say
    what of the new ones that is, and what is not."""

    settings: Settings
    taken: tuple[str, ...]
    restart: tuple[str, ...]


def changes(old: Settings, new: Settings) -> Changes:
    """Raises ConfigError where what is taken does not go without what is not."""
    taken: list[str] = []
    restart: list[str] = []
    for name in Settings.model_fields:
        if name == "locations":
            continue
        before, after = getattr(old, name), getattr(new, name)
        for key in _differing(name, before, after):
            (taken if _is_live(key) else restart).append(".".join(filter(None, key)))
    return Changes(_merged(old, new), tuple(dict.fromkeys(taken)), tuple(dict.fromkeys(restart)))


def _is_live(key: tuple[str, ...]) -> bool:
    return key[0] in LIVE or key[-1] in LIVE_KEYS.get(key[0], ())


def _differing(name: str, before: Any, after: Any) -> Iterator[tuple[str, ...]]:
    """What differs: the entry of a named list, the key of a section, else the whole."""
    if before == after:
        return
    if name in NAMES and isinstance(before, tuple):
        entries = [{str(getattr(entry, NAMES[name])): entry for entry in side} for side in (before, after)]
        names = [known for known in {**entries[0], **entries[1]} if entries[0].get(known) != entries[1].get(known)]
        yield from ((name, known) for known in names or ("order",))
    elif isinstance(before, BaseModel) and isinstance(after, BaseModel):
        for key in type(before).model_fields:
            if getattr(before, key) != getattr(after, key):
                yield (name, key)
    elif isinstance(before, dict) and isinstance(after, dict):
        for key in {**before, **after}:
            if key in before and key in after and isinstance(before[key], BaseModel):
                yield from ((name, key, inner) for _, inner in _differing(key, before[key], after[key]))
            elif before.get(key) != after.get(key):
                yield (name, key, WHOLE)
    else:
        yield (name,)


def _merged(old: Settings, new: Settings) -> Settings:
    values = {name: getattr(new if name in (*LIVE, "locations") else old, name) for name in Settings.model_fields}
    for name, keys in LIVE_KEYS.items():
        values[name] = _with(values[name], getattr(new, name), keys)
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        words = "; ".join(fault["msg"].removeprefix("Value error, ") for fault in error.errors())
        raise ConfigError(f"it names what only a restart brings, so restart the gateway: {words}") from error


def _with(mine: Any, other: Any, keys: tuple[str, ...]) -> Any:
    """A section, or each of several by name, with these keys of the other."""
    if isinstance(mine, dict):
        return {name: _with(section, other[name], keys) if name in other else section for name, section in mine.items()}
    return mine.model_copy(update={key: getattr(other, key) for key in keys})
