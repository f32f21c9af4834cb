"""Reading the configuration: files and environment into Settings, and every fault in words with its place."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import SecretStr, ValidationError

from gateway.config import faults, syntax
from gateway.config.locations import Locations
from gateway.config.mailbox import DEFAULT_DESK
from gateway.config.profiles import BadProfiles, Loaded
from gateway.config.profiles import load as load_profiles
from gateway.config.reading import is_there, no_folder
from gateway.config.rooted import rooted, sqlite_file
from gateway.config.settings import DEFAULT_FILE, ConfigError, Settings, StoreSettings


def load(path: Path | None = None, environ: Mapping[str, str] = os.environ) -> Settings:
    """Read the configuration file: ``path``, else GATEWAY_CONFIG, else ./gateway.toml.

    Raises ConfigError with one line for each fault."""
    file = file_of(path, environ)
    data, text = _toml(file)
    texts = [(str(file), text)]
    for more in _rules_beside(file):
        found, text = _toml(more)
        if other := [key for key in found if key != "rule"]:
            raise ConfigError(f"{more}: {other[0]}: expected [[rule]] only")
        if not isinstance(rules := found.get("rule", []), list):
            raise ConfigError(f"{more}: rule: write [[rule]], with two brackets: there may be several")
        if isinstance(known := data.get("rule", []), list):  # else that is said of it
            data["rule"] = [*known, *rules]
        texts.append((str(more), text))
    return parse(data, environ, source=str(file), locations=Locations(tuple(texts)), folder=file.parent)


def _rules_beside(file: Path) -> list[Path]:
    """Raises ConfigError."""
    try:
        return syntax.files_in(file.parent / "rules")
    except syntax.NotToml as error:
        raise ConfigError(str(error)) from error


def file_of(path: Path | None = None, environ: Mapping[str, str] = os.environ) -> Path:
    """The configuration file that is meant: ``path``, else GATEWAY_CONFIG, else ./gateway.toml."""
    return path or Path(environ.get("GATEWAY_CONFIG") or DEFAULT_FILE)


def files_with_secrets(settings: Settings, path: Path | None) -> list[Path]:
    """The configuration file where a secret stands in it: the key of a desk, a password, a token."""
    file = file_of(path)
    secrets = [secret for secret in _secrets(settings.model_dump()) if secret]
    text = file.read_text(encoding="utf-8") if secrets else ""
    return [file] if any(secret in text for secret in secrets) else []


def _secrets(value: Any) -> Iterator[str]:
    """Those of a part of the configuration, wherever they stand in it."""
    if isinstance(value, SecretStr):
        yield value.get_secret_value()
    elif isinstance(value, dict | list | tuple):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _secrets(part)


def _toml(file: Path) -> tuple[dict[str, Any], str]:
    """A file as data and as text. Raises ConfigError."""
    try:
        return syntax.read(file)
    except syntax.NotToml as error:
        raise ConfigError(str(error)) from error


def parse(
    data: dict[str, Any],
    environ: Mapping[str, str] = os.environ,
    source: str = "configuration",
    locations: Locations | None = None,
    folder: Path | None = None,
) -> Settings:
    """Validate what the file said; ``folder`` is where it stands, from which relative paths count. Raises ConfigError
    with one line for each fault."""
    data = {key: value for key, value in data.items() if key not in ("locations", "profiles")}
    if "desk" in data:
        if "desks" in data:
            raise ConfigError(f"{source}: expected either [desk] or [desks.NAME], not both")
        data["desks"] = {DEFAULT_DESK: data.pop("desk")}
    if "desks" not in data:
        raise ConfigError(f"{source}: desk: expected a table [desk] with url and api_key_file")
    desks = data["desks"]
    if isinstance(desks, dict):
        data["desks"] = {name: _with_key(name, desk, len(desks), environ) for name, desk in desks.items()}
    if (name := environ.get("GATEWAY_NAME")) and isinstance(work := data.get("work", {}), dict):
        data["work"] = {**work, "name": name}
    if "mailbox" not in data:
        raise ConfigError(f"{source}: mailbox: expected at least one [[mailbox]]")
    for key in ("mailbox", "domain", "rule", "notice", "file", "window", "calendar"):
        if isinstance(data.get(key), list):
            data[key] = tuple(data[key])
    profiles = _profiles(data, folder)
    try:
        settings = Settings.model_validate({**data, "locations": locations or Locations(), "profiles": profiles})
    except ValidationError as error:
        raise ConfigError("\n".join(_explain(error, source, locations))) from error
    if folder is None:
        return settings
    said = settings.store.model_copy(update={"spool": settings.store.spool_dir})
    found = rooted(settings.model_copy(update={"store": said}), folder.absolute())
    _refuse_two_stores(said, found.store, source)
    return found


def _refuse_two_stores(said: StoreSettings, found: StoreSettings, source: str) -> None:
    """A store that an earlier version made in the folder where it was started is not left behind unseen.
    Raises ConfigError."""
    for key, here, there in (
        ("url", sqlite_file(said.url), sqlite_file(found.url)),
        ("spool", said.spool, found.spool),
    ):
        if here and there and is_there(here) and not is_there(there):
            old = here.absolute()
            told = f"sqlite:///{old}" if key == "url" else str(old)
            raise ConfigError(
                f"{source}: store.{key}: {there} does not exist, and {old} does: relative paths count from the folder "
                f'of the configuration; if that is the store, write {key} = "{told}"'
            )


def _profiles(data: Mapping[str, Any], folder: Path | None) -> dict[str, Loaded]:
    """The profiles that the configuration names, and the operator's own. Raises ConfigError."""
    section = data.get("notices")
    said = section.get("folder") if isinstance(section, dict) else None
    own = (folder or Path()) / (said if isinstance(said, str | Path) else "notices")
    notices = data.get("notice")
    names = (
        [notice.get("profile") for notice in notices if isinstance(notice, dict)] if isinstance(notices, tuple) else []
    )
    if said and (why := no_folder(own)):
        raise ConfigError(f"notices.folder: {why}")
    try:
        return load_profiles([name for name in names if isinstance(name, str)], own if said or folder else None)
    except BadProfiles as error:
        raise ConfigError(str(error)) from error


def _with_key(name: str, desk: Any, desks: int, environ: Mapping[str, str]) -> Any:
    """The environment's key wins over the file's: GATEWAY_DESKS_<NAME>_API_KEY, with one desk GATEWAY_DESK_API_KEY."""
    value = environ.get(f"GATEWAY_DESKS_{re.sub('[^A-Za-z0-9]', '_', name).upper()}_API_KEY")
    if desks == 1:
        value = value or environ.get("GATEWAY_DESK_API_KEY")
    if not value or not isinstance(desk, dict):
        return desk
    return {**{k: v for k, v in desk.items() if k != "api_key_file"}, "api_key": value}


def _explain(error: ValidationError, source: str, locations: Locations | None) -> list[str]:
    lines = []
    for fault in faults.causes(error):
        place = [str(step + 1) if isinstance(step, int) else step for step in fault["loc"]]
        key = ".".join(place)
        if place[:2] == ["desks", DEFAULT_DESK]:
            key = ".".join(["desk", *place[2:]])
        message = faults.words(fault, Settings)
        lines.append(f"{_where(fault['loc'], message, source, locations)}: {f'{key}: ' if key else ''}{message}")
    return lines


def _where(loc: tuple[int | str, ...], message: str, source: str, locations: Locations | None) -> str:
    """The file, and the line where it can be told."""
    word = message.partition(":")[0]
    if not loc and (found := re.fullmatch(r"(\w+)(?:[. ](\d+)(?: .*)?)?", word)) and found[1] in Settings.model_fields:
        loc = (found[1], int(found[2]) - 1) if found[2] else (found[1],)
        word = message.partition(": ")[2].partition(":")[0]
    if locations is None or not loc:
        return source
    if loc[:2] == ("desks", DEFAULT_DESK):
        loc = ("desk", *loc[2:])
    return locations.at((*loc, word))
