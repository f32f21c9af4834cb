"""Writes the pages that are made from the code: ``make docs``; a test fails when they are stale.

- docs/configuration.md from the models of gateway.config.settings
- docs/metrics.md from gateway.metrics
- the lists of the policy and the table of reasons in docs/flow.md from gateway.decide and gateway.model.reasons
- docs/events.md from the log's lines in gateway and docs/events.py
- docs/decisions/README.md from the headings of the decisions
- the tables in docs/notices.md from gateway.notices
- the tables in docs/faults.md from tests.faults
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from gateway.config import profiles
from gateway.config import settings as config
from gateway.config.profile import Profile
from gateway.config.types import measure_of, size_text, span_text
from gateway.decide import policy, sender, threading
from gateway.decide.notices import lifecycle
from gateway.metrics import Metrics
from gateway.model.reasons import Reason

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import events  # noqa: E402

from tests.faults import page  # noqa: E402

SECTIONS = "<!-- sections -->"


def configuration() -> str:
    lines = [
        "# Configuration",
        "",
        "Made from the code by `make docs`. The file is TOML: that of `--config`, else of the environment",
        "variable `GATEWAY_CONFIG`, else `./gateway.toml`. Unknown keys are errors. The API key may come from the",
        "environment: `GATEWAY_DESK_API_KEY` with one desk, `GATEWAY_DESKS_<NAME>_API_KEY` with several",
        "(with _ for each character of the name that is no letter or digit).",
        'A time is a number of seconds, or text such as "90s", "15m", "12h", "90d", "2w"; a size is a number of bytes,',
        'or text such as "500K", "35M", "2G" (1K is 1024 bytes).',
        'For several desks write `[desks.NAME]` instead of `[desk]`, and `desk = "NAME"` in a mailbox.',
    ]
    lines += ["", SECTIONS]
    lines += ["", "## Top level", "", "These keys stand above all sections.", ""]
    lines += ["| key | type | default | what |", "|---|---|---|---|"]
    for name, field in config.Settings.model_fields.items():
        if field.description and not field.exclude and _model(field.annotation)[0] is None:
            shown = f"[{name}]" if get_origin(field.annotation) is dict else name
            lines.append(f"| `{shown}` | {_shape(field)} | {_default(field)} | {field.description} |")
    for name, field in config.Settings.model_fields.items():
        model, many = _model(field.annotation)
        if model is not None:
            title = "[desk]" if name == "desks" else f"[[{name}]]" if many else f"[{name}]"
            lines += _section(title, model)
    titles = [line.removeprefix("## ") for line in lines if line.startswith("## ")]
    links = " · ".join(f"[`{title}`](#{re.sub(r'[^a-z ]', '', title.lower()).replace(' ', '-')})" for title in titles)
    return "\n".join(lines).replace(SECTIONS, links) + "\n"


def _section(title: str, model: type[BaseModel], nested_too: bool = True) -> list[str]:
    lines = ["", f"## {title}", "", _says(model), ""]
    lines += ["| key | type | default | what |", "|---|---|---|---|"]
    nested: list[str] = []
    own = [name for name in model.model_fields if name in model.__annotations__]
    for name in (*own, *(name for name in model.model_fields if name not in own)):
        field = model.model_fields[name]
        inner, many = _model(field.annotation)
        if inner is not None and nested_too:
            mark = title.strip("[]")
            nested += _section(f"[[{mark}.{name}]]" if many else f"[{mark}.{name}]", inner)
            continue
        what = (field.description or "").replace("|", "\\|")
        lines.append(f"| `{field.alias or name}` | {_shape(field)} | {_default(field)} | {what} |")
    return lines + nested


def _model(annotation: Any) -> tuple[type[BaseModel] | None, bool]:
    """The section that a key holds, and whether there may be several."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation, False
    if get_origin(annotation) in (tuple, dict):
        for inner in get_args(annotation):
            if isinstance(inner, type) and issubclass(inner, BaseModel):
                return inner, get_origin(annotation) is tuple
    return None, False


def _shape(field: FieldInfo) -> str:
    return measure_of(field) or _type(field.annotation)


def _type(annotation: Any) -> str:
    origin = get_origin(annotation)
    if origin is Annotated:
        return _type(get_args(annotation)[0])
    if origin in (Union, UnionType):
        return " or ".join(_type(part) for part in get_args(annotation) if part is not type(None))
    if origin is Literal:
        return ", ".join(f"`{word}`" for word in get_args(annotation))
    if origin is tuple:
        return f"list of {_type(get_args(annotation)[0])}"
    if origin is dict or (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
        return "table"
    names = {str: "text", int: "number", float: "number", bool: "true/false", Path: "path", SecretStr: "secret"}
    return names.get(annotation, "text")


def _default(field: FieldInfo) -> str:
    if field.default is PydanticUndefined:
        return "required"
    if field.default in (None, "", ()):
        return "none"
    if isinstance(field.default, bool):
        return f"`{str(field.default).lower()}`"
    if isinstance(field.default, tuple):
        return ", ".join(f"`{word}`" for word in field.default)
    if written := {"time": span_text, "size": size_text}.get(_shape(field)):
        return f"`{written(field.default)}`"
    return f"`{field.default}`"


def profile() -> str:
    """The parts of a profile, and the shipped profiles."""
    top = ["### a profile\n", "| key | type | default | what |", "|---|---|---|---|"]
    parts: list[str] = []
    for name, field in Profile.model_fields.items():
        model, many = _model(field.annotation)
        if model is None:
            top.append(f"| `{name}` | {_shape(field)} | {_default(field)} | {field.description} |")
        else:
            parts += _section(f"[[{name}]]" if many else f"[{name}]", model, nested_too=name == "fixture")
    return "\n".join(top + parts).replace("\n## ", "\n### ")


def shipped_profiles() -> str:
    lines = [
        "| profile | product | writes from | written by | what it reads, and what to set there |",
        "|---|---|---|---|---|",
    ]
    for loaded in profiles.load(profiles.shipped()).values():
        shown = loaded.profile
        senders = ", ".join(shown.who.senders) or "-"
        lines.append(f"| `{shown.name}` | {shown.title} | {senders} | {_evidence(shown)} | {shown.about} |")
    return "\n".join(lines)


def _evidence(shown: Profile) -> str:
    """What a profile was written by, and what follows where nothing but memory says that the product writes so."""
    if shown.guessed:
        return "memory alone: closes nothing unless the notice says `close = true`"
    parts = [f"{part.kind}: {part.of} ({part.date})" for part in shown.evidence if part.kind != "memory"]
    return "; ".join([*parts, *(["some layouts from memory"] if len(parts) < len(shown.evidence) else [])])


def metrics() -> str:
    lines = ["# Metrics", "", "Made from the code by `make docs`. Served at `/metrics`.", ""]
    lines += ["| metric | type | labels | what |", "|---|---|---|---|"]
    for name, metric in vars(Metrics()).items():
        if name == "registry":
            continue
        full = metric._name + ("_total" if metric._type == "counter" else "")
        labels = ", ".join(f"`{label}`" for label in metric._labelnames) or "-"
        lines.append(f"| `{full}` | {metric._type} | {labels} | {metric._documentation} |")
    return "\n".join(lines) + "\n"


def decisions() -> str:
    """The decisions by their headings."""
    lines = ["# Decisions", "", "Why things are as they are, where a successor might ask. Made by `make docs`.", ""]
    for file in sorted((HERE / "decisions").glob("[0-9]*.md")):
        heading = file.read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ")
        number, _, title = heading.partition(". ")
        lines.append(f"- {int(number)}: [{title}]({file.name})")
    return "\n".join(lines) + "\n"


EVENTS = """# The log

Made from the code by `make docs`. The log goes to standard error, one JSON object a line (`[log] format = "text"` for a
terminal); under systemd it is in the journal, which also rotates it. Times are UTC. It holds addresses, ids, sizes and
reasons, and never the text of a mail, a key or a password.

Each line has `timestamp`, `level` and `event`, and those that are about one mail have `delivery`, the id in its 250.

    journalctl -u gateway -o cat | jq -c 'select(.event == "finished" and .sender == "bob@acme.example")'
    journalctl -u gateway -o cat | jq -c 'select(.delivery == "01a22043-70c2-7d11-8f0e-2f6c1b0f7a10")'
    journalctl -u gateway -o cat --since 10:00 --until 10:30 | jq -c 'select(.event == "refused") | {mail_from, reason, peer}'
    journalctl -u gateway -o cat | jq -c 'select(.event | startswith("desk "))'

`gateway find` answers the same questions from the store, in local time. Watch for `error` and `critical`.
"""


def events_page() -> str:
    """Every event of the log, by chapters."""
    known = events.found(HERE.parent / "gateway")
    lines = [EVENTS]
    lines.append(" · ".join(f"[{title}](#{_anchor(title)})" for title in events.CHAPTERS))
    for title, meanings in events.CHAPTERS.items():
        lines += ["", f"## {title}", "", "| event | level | fields | meaning |", "|---|---|---|---|"]
        for name, meaning in meanings.items():
            event = known.get(name) or events.Event(name)
            fields = ", ".join(f"`{key}`" for key in event.fields) or "-"
            lines.append(f"| `{name}` | {', '.join(event.levels)} | {fields} | {meaning} |")
    return "\n".join(lines) + "\n"


def _anchor(title: str) -> str:
    """GitHub's name of a heading."""
    return re.sub(r"[^a-z0-9 _-]", "", title.lower()).replace(" ", "-")


def _says(documented: object) -> str:
    """The first paragraph of a docstring, on one line: from Python 3.13 on its lines are not indented."""
    return " ".join((documented.__doc__ or "").strip().split("\n\n")[0].split())


def _elsewhere(rule: Callable[..., Any]) -> str:
    """Where a rule stands that has a module of its own."""
    return "" if rule.__module__ == policy.__name__ else f" (`{rule.__module__.replace('.', '/')}.py`)"


def policy_list() -> str:
    """The rules of the policy in their order."""
    return "\n".join(
        f"{number}. **{name}**: {_says(rule)}{_elsewhere(rule)}" for number, (name, rule) in enumerate(policy.POLICY, 1)
    )


def lifecycle_list() -> str:
    """What one more notice means for its problem: the rules in their order."""
    return "\n".join(
        f"{number}. **{name}**: {_says(rule)}" for number, (name, rule) in enumerate(lifecycle.LIFECYCLE, 1)
    )


def evidence_table() -> str:
    """What may tie a mail to a ticket, strongest first."""
    lines = ["| evidence | strength | what it is |", "|---|---|---|"]
    lines += [f"| {name} | {strength} | {_says(look)} |" for name, strength, look in threading.LADDER]
    return "\n".join(lines)


def numbered(reasons: Sequence[tuple[str, Any]]) -> str:
    """What binds a sender to a ticket, or makes somebody its customer."""
    return "\n".join(f"{number}. {reason}" for number, (reason, _) in enumerate(reasons, 1))


def reason_table() -> str:
    lines = ["| reason | becomes | what happened | what to do |", "|---|---|---|---|"]
    lines += [f"| `{reason}` | {reason.becomes} | {reason.happened} | {reason.do} |" for reason in Reason]
    return "\n".join(lines)


def pages() -> dict[Path, str]:
    """Each page with its content as it should be."""
    return {
        HERE / "configuration.md": configuration(),
        HERE / "metrics.md": metrics(),
        HERE / "events.md": events_page(),
        HERE / "decisions" / "README.md": decisions(),
        HERE / "flow.md": _filled(
            "flow.md",
            policy=policy_list(),
            evidence=evidence_table(),
            bindings=numbered(sender.BINDINGS),
            customers=numbered(sender.CUSTOMERS),
            lifecycle=lifecycle_list(),
            reasons=reason_table(),
        ),
        HERE / "notices.md": _filled("notices.md", shipped=shipped_profiles(), profile=profile()),
        HERE / "faults.md": _filled("faults.md", kinds=page.kinds(), results=page.results(), storms=page.storms()),
    }


def _filled(name: str, **parts: str) -> str:
    """A page with what is made from the code between its marks."""
    text = (HERE / name).read_text(encoding="utf-8")
    for mark, made in parts.items():
        before, _, rest = text.partition(f"<!-- {mark} -->")
        _, _, after = rest.partition(f"<!-- /{mark} -->")
        text = f"{before}<!-- {mark} -->\n{made}\n<!-- /{mark} -->{after}"
    return text


if __name__ == "__main__":
    for path, text in pages().items():
        path.write_text(text, encoding="utf-8")
        sys.stdout.write(f"{path.name}\n")
