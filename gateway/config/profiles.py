"""Profiles from files: the shipped ones that are asked for, and all of the operator's.

An operator's profile takes the place of a shipped one of its name. What is wrong is said with file and line.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from gateway.config import faults, syntax
from gateway.config.locations import Locations
from gateway.config.profile import Profile


def _shipped() -> Path:
    """The folder of the profiles that come with the gateway: in the wheel, else in the checkout."""
    package = Path(__file__).parents[1]
    packaged = package / "profiles"
    return packaged if packaged.is_dir() else package.parent / "profiles"


SHIPPED = _shipped()


class BadProfiles(Exception):
    """Profiles cannot be used: a line for each fault, with file and line."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


@dataclass(frozen=True, slots=True)
class Loaded:
    """A profile and where it stands. ``own`` is the operator's, ``replaces`` a shipped one's name."""

    profile: Profile
    path: Path
    locations: Locations
    own: bool = False
    replaces: bool = False


def shipped() -> tuple[str, ...]:
    """The names of the shipped profiles."""
    return tuple(sorted(path.stem for path in SHIPPED.glob("*.toml")))


def load(names: Iterable[str], folder: Path | None = None) -> dict[str, Loaded]:
    """The profiles of the folder, and of the shipped ones those named. Raises BadProfiles."""
    faults: list[str] = []
    found: dict[str, Loaded] = {}
    known = frozenset(shipped())
    try:
        own = syntax.files_in(folder) if folder else []
    except syntax.NotToml as error:
        raise BadProfiles([str(error)]) from error
    for path in own:
        try:
            loaded = read(path, own=True)
        except BadProfiles as error:
            faults += error.faults
            continue
        name = loaded.profile.name
        if name in found:
            where = loaded.locations.of("", None, "name")
            faults.append(f"{where}: name: the profile {name!r} is in {found[name].path.name} as well")
        found[name] = Loaded(loaded.profile, path, loaded.locations, own=True, replaces=name in known)
    for name in names:
        if name in known and name not in found:
            found[name] = read(SHIPPED / f"{name}.toml")
    if faults:
        raise BadProfiles(faults)
    return found


def read(path: Path, own: bool = False) -> Loaded:
    """One profile; a shipped one is read again only where its file has changed. Raises BadProfiles."""
    if own or path.parent != SHIPPED or not path.exists():
        return _read(path, own)
    return _unchanged(path, path.stat().st_mtime_ns)


@cache
def _unchanged(path: Path, _changed: int) -> Loaded:
    """A trial reads all of the shipped ones three times, and a new configuration those that it names."""
    return _read(path, own=False)


def _read(path: Path, own: bool) -> Loaded:
    data, text = _toml(path)
    texts = [(str(path), text)]
    if own and (base := data.pop("extends", None)) is not None:
        if base not in shipped():
            where = Locations(tuple(texts)).of("", None, "extends")
            raise BadProfiles([f"{where}: extends: {base!r} is not one of: {', '.join(shipped())}"])
        under, text = _toml(SHIPPED / f"{base}.toml")
        data = _over(under, data)
        texts.append((str(SHIPPED / f"{base}.toml"), text))
    locations = Locations(tuple(texts))
    try:
        return Loaded(Profile.model_validate(frozen(data)), path, locations, own)
    except ValidationError as error:
        raise BadProfiles([_fault(fault, locations) for fault in faults.causes(error)]) from error


def _toml(path: Path) -> tuple[dict[str, Any], str]:
    """A file as data and as text. Raises BadProfiles."""
    try:
        return syntax.read(path)
    except syntax.NotToml as error:
        raise BadProfiles([str(error)]) from error


def _over(base: dict[str, Any], mine: dict[str, Any]) -> dict[str, Any]:
    """A profile over the one that it extends: its keys take their place, its steps of reading and fixtures stand
    before, its words of state are added."""
    out = {**base, **mine}
    for part, value in mine.items():
        under = base.get(part)
        if isinstance(value, dict) and isinstance(under, dict):
            out[part] = {**under, **value}
        elif isinstance(value, list) and isinstance(under, list):
            out[part] = [*value, *under]
    said = mine.get("state", {})
    if isinstance(said, dict):
        for state, words in base.get("state", {}).items():
            if state != "fields" and isinstance(more := said.get(state, []), list):
                out["state"][state] = [*words, *(word for word in more if word not in words)]
    return out


def frozen(value: Any) -> Any:
    """Lists as tuples."""
    if isinstance(value, list):
        return tuple(frozen(item) for item in value)
    if isinstance(value, dict):
        return {key: frozen(item) for key, item in value.items()}
    return value


def _fault(error: ErrorDetails, locations: Locations) -> str:
    """A fault with its place. A message may begin with the key, and with the part before it: "state.close: …"."""
    message = faults.words(error, Profile)
    loc = tuple(error["loc"])
    word, colon, _ = message.partition(": ")
    if colon and word.replace(".", "").replace("_", "").isalnum() and " " not in word:
        loc = (*loc, *(int(part) - 1 if part.isdigit() else part for part in word.split(".")))
    section = str(loc[0]) if loc else ""
    number = next((step for step in loc[1:2] if isinstance(step, int)), None)
    keys = [step for step in loc[1:] if isinstance(step, str)]
    where = locations.of(section, number, keys[0] if keys else "") if len(loc) > 1 else locations.of("", None, section)
    shown = ".".join(str(step + 1) if isinstance(step, int) else step for step in error["loc"])
    return f"{where}: {f'{shown}: ' if shown else ''}{message}"
