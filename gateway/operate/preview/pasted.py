"""Text that an operator would put into the configuration: what the configuration would be with it, and what to paste.

A rule, domain, notice or file rule of a name that is there takes that one's place; another goes to the end. Nothing is
written: the file stays the truth.
"""

from __future__ import annotations

import os
import tempfile
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from gateway.config import syntax
from gateway.config.load import parse
from gateway.config.locations import Locations
from gateway.config.notices import NoticeSettings
from gateway.config.profiles import BadProfiles
from gateway.config.profiles import read as read_profile
from gateway.config.settings import ConfigError, Settings

SOURCE = "the text"
NAMES = {"rule": ("name",), "domain": ("domain",), "notice": ("name", "profile"), "file": ("name",)}
"""The lists that a text may add to, and the keys by which an entry is known."""
MOST = 64 * 1024


@dataclass(frozen=True, slots=True)
class Pasted:
    """``settings`` with the text in them; ``places`` say for each entry where it goes."""

    settings: Settings
    places: tuple[str, ...]


def pasted(current: Settings, text: str, environ: Mapping[str, str] = os.environ) -> Pasted:
    """The configuration of ``current`` with the text. Raises ConfigError with the line of the text."""
    if len(text) > MOST:
        raise ConfigError(f"{SOURCE}: longer than {MOST // 1024} kB")
    try:
        added = syntax.parse(text, SOURCE)
    except syntax.NotToml as error:
        raise ConfigError(str(error)) from error
    if not added:
        raise ConfigError(f"{SOURCE}: there is nothing in it; expected [[rule]], [[domain]], [[notice]] or [[file]]")
    for key, value in added.items():
        if key not in NAMES or not isinstance(value, list):
            raise ConfigError(f"{SOURCE}: {key}: expected {', '.join(f'[[{name}]]' for name in NAMES)} only")
    data = _data_of(current)
    folder = Path(current.locations.files[0][0]).parent
    _alone(data, added, text, environ, folder)
    places = []
    for kind, entries in added.items():
        known = list(data.get(kind, ()))
        for entry in entries:
            places.append(_put(known, entry, kind, current))
        data[kind] = known
    return Pasted(parse(data, environ, source="with the text", folder=folder), tuple(places))


def with_profile(current: Settings, text: str, sender: str) -> Settings:
    """The configuration with this profile on, for mail of ``sender``, or with "" of the profile's own senders. Raises
    ConfigError with the line of the text."""
    with tempfile.TemporaryDirectory(prefix="gateway-profile-") as folder:
        file = Path(folder) / "profile.toml"
        file.write_text(text, encoding="utf-8")
        try:
            loaded = read_profile(file, own=True)
        except BadProfiles as error:
            raise ConfigError(str(error).replace(str(file), SOURCE)) from error
    name = loaded.profile.name
    notices = tuple(notice for notice in current.notice if notice.profile != name)
    try:
        mine = NoticeSettings(profile=name, senders=(sender,) if sender else ())
        values = {key: getattr(current, key) for key in Settings.model_fields}
        values |= {"profiles": {**current.profiles, name: loaded}, "notice": (mine, *notices)}
        return Settings.model_validate(values)
    except ValidationError as error:
        raise ConfigError("; ".join(fault["msg"].removeprefix("Value error, ") for fault in error.errors())) from error


def _data_of(current: Settings) -> dict[str, Any]:
    """What the files said."""
    (_, main), *more = current.locations.files
    data = tomllib.loads(main)
    for _, text in more:
        data["rule"] = [*data.get("rule", ()), *tomllib.loads(text).get("rule", ())]
    return data


def _alone(
    data: Mapping[str, Any], added: Mapping[str, Any], text: str, environ: Mapping[str, str], folder: Path
) -> None:
    """The text in place of all entries of its kinds: what is wrong in itself is said with its own lines. Raises
    ConfigError."""
    parse({**data, **added}, environ, source=SOURCE, locations=Locations(((SOURCE, text),)), folder=folder)


def _put(known: list[Any], entry: Any, kind: str, current: Settings) -> str:
    """Put it where it belongs; in words, where that is."""
    name = _name(entry, kind)
    for number, other in enumerate(known):
        if _name(other, kind) == name:
            known[number] = entry
            return f"{kind} {name!r}: in place of {current.locations.of(kind, number)}"
    known.append(entry)
    return f"{kind} {name!r}: at the end of {current.locations.files[0][0]}"


def _name(entry: Any, kind: str) -> str:
    return next((str(entry[key]) for key in NAMES[kind] if isinstance(entry, dict) and entry.get(key)), "")
