"""A profile drafted from mails of one sender: what varies in them, and which words look like a state.

Deterministic. A draft is what an operator starts from: it reads the mails that it was made of, and says in comments
what it does not know. Its fixtures are those mails.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from functools import cache

from gateway.config import profiles
from gateway.config.profile import Profile
from gateway.match import words
from gateway.match.words import Words, folded
from gateway.model.email import Email
from gateway.model.notice import Notice, State
from gateway.notices import fixtures, labels, normal

LEAST = 3
MOST_MAILS = 200
MOST_BODY = 2_000
MOST_VALUE = 100
MOST_WARNINGS = 5
MOST_STATE = 5
"""Words of a value that may be a state: "failed with 2 errors"."""
_OFTEN = 0.8
_OBJECTS = (
    "host hostname server device computer machine system agent node endpoint monitor sensor job task backup policy "
    "name circuit domain url ups nas printer station tunnel interface resource object gerät rechner anlage"
).split()
_CONDITIONS = "service check alert alarm problem condition trigger metric event type category test dienst".split()
_SEVERITIES = "severity priority level impact".split()
_CLIENTS = "client customer company organization organisation account site tenant kunde".split()
_LABELLED = re.compile(r"\s*[^:\d]{1,40}:\s")
_STATES = "state status result event action kind notification type".split()


@dataclass(frozen=True, slots=True)
class Draft:
    """A proposed profile as TOML. ``told`` counts the states of the mails that it was made of. ``warnings`` say which
    mails would share a problem that may be two, and which of other senders would end one: then it closes nothing."""

    name: str
    sender: str
    mails: int
    told: Mapping[str, int]
    text: str
    warnings: tuple[str, ...] = ()


@dataclass(slots=True)
class _Group:
    """The mails of a sender: subjects, and by label the value in each mail that has it."""

    sender: str
    mails: list[Email]
    subjects: list[str] = field(default_factory=list)
    labels: dict[str, dict[int, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for number, email in enumerate(self.mails):
            self.subjects.append(normal.subject(email.subject))
            for label, values in labels.read(email.text).labels.items():
                if values and len(values[0]) <= MOST_VALUE:
                    self.labels.setdefault(label, {})[number] = values[0]

    def usual(self, names: Sequence[str], but: Set[str]) -> str:
        """The best of the labels that most of the mails have and one of the names is in, "" for none."""
        ranked = [
            (names.index(word), label)
            for label, values in self.labels.items()
            if label not in but and len(values) >= _OFTEN * len(self.mails)
            for word in re.findall(r"\w+", label)
            if word in names
        ]
        return min(ranked, default=(0, ""))[1]


@cache
def _vocabulary() -> Words:
    """The words of state that machines use, whatever their product."""
    state = profiles.read(profiles.SHIPPED / "words.toml").profile.state
    return words.state_words({"open": state.open, "close": state.close, "ignore": state.ignore})


@cache
def _values() -> Words:
    """The words of state that stand alone as a value: those of all shipped profiles, of two meanings the worse."""
    meant: dict[str, State] = {}
    for name in profiles.shipped():
        state = profiles.read(profiles.SHIPPED / f"{name}.toml").profile.state
        for meaning in reversed(words.PRECEDENCE):
            for word in getattr(state, meaning):
                known = meant.get(folded(word), meaning)
                meant[folded(word)] = min(known, meaning, key=words.PRECEDENCE.index)
    of: dict[State, list[str]] = {}
    for word, meaning in meant.items():
        of.setdefault("open" if meaning == "planned" else meaning, []).append(word)
    return words.state_words(of)


def propose(mails: Sequence[Email], least: int = LEAST, others: Sequence[Email] = ()) -> list[Draft]:
    """A draft for each sender of at least so many mails, the most first. Each is tried on the mails of all other
    senders, ``others`` among them."""
    by_sender: dict[str, list[Email]] = {}
    for email in mails:
        if email.sender and email.sender.address:
            by_sender.setdefault(email.sender.key, []).append(email)
    groups = [_Group(sender, found[:MOST_MAILS]) for sender, found in by_sender.items() if len(found) >= least]
    known = [*mails, *others]
    return [_draft(group, known) for group in sorted(groups, key=lambda group: (-len(group.mails), group.sender))]


def _draft(group: _Group, known: Sequence[Email]) -> Draft:
    state_label = _state_label(group)
    texts = [group.labels[state_label].get(number, "") for number in range(len(group.mails))] if state_label else []
    states = _states(texts, _values()) if texts else _states(group.subjects, _vocabulary())
    parts = {"state": state_label}
    for name, of in (("object", _OBJECTS), ("condition", _CONDITIONS), ("severity", _SEVERITIES), ("client", _CLIENTS)):
        parts[name] = group.usual(of, but={*parts.values()})
    head = [*_head(group, states), *_who(group), *_reading(parts)]
    lines = [*head, *_judging(group, parts, states)]
    profile = _profile(lines)
    if not parts["condition"] and parts["object"] and _mixed(group, profile):
        parts["condition"] = "rest"
        lines = [*head, *_judging(group, parts, states)]
        profile = _profile(lines)
    warnings = (*_several(group), *_shared(group, profile), *_foreign(group, profile, known))
    if warnings:
        lines = [*head, *(f"# {line}" for line in warnings), *_judging(group, parts, states, closes=False)]
        profile = _profile(lines)
    lines += _fixtures(group, profile)
    told = {
        state: sum(notice is not None and notice.state == state for notice, _ in _each(group, profile))
        for state in ("open", "update", "close", "ignore")
    }
    return Draft(profile.name, group.sender, len(group.mails), told, "\n".join(lines) + "\n", warnings)


def _profile(lines: Sequence[str]) -> Profile:
    return Profile.model_validate(profiles.frozen(tomllib.loads("\n".join(lines))))


def _by_key(group: _Group, profile: Profile) -> dict[tuple[str, str], list[Email]]:
    """The mails of each problem and state."""
    found: dict[tuple[str, str], list[Email]] = {}
    for email in group.mails:
        if notice := fixtures.notice_of(email, profile):
            found.setdefault((notice.key, notice.state), []).append(email)
    return found


def _essence(text: str) -> str:
    """A text without its words of state, counts and times."""
    return normal.stable(_vocabulary().removed(text), loose=True)


def _mixed(group: _Group, profile: Profile) -> bool:
    """Whether mails of different subjects would be about one problem."""
    return any(
        len({_essence(normal.subject(email.subject)) for email in same}) > 1
        for same in _by_key(group, profile).values()
    )


def _shared(group: _Group, profile: Profile) -> list[str]:
    """A line for each problem that mails of different subjects or texts would share."""
    out = []
    for same in _by_key(group, profile).values():
        first = same[0]
        for other in same[1:]:
            if differ := _difference(first, other):
                out.append(
                    f"One problem for two mails that may be about two: {_comment(differ[0])} / {_comment(differ[1])}"
                )
                break
    return list(dict.fromkeys(out))[:MOST_WARNINGS]


def _difference(first: Email, other: Email) -> tuple[str, str] | None:
    """The first lines in which two mails differ beside state, counts and times."""
    mine, theirs = ([email.subject, *email.text[:MOST_BODY].split("\n")] for email in (first, other))
    if len(mine) != len(theirs):
        mine, theirs = ([line for line in lines if line.strip()] for lines in (mine, theirs))
    return next(
        (pair for pair in zip(mine, theirs, strict=False) if _essence(pair[0]) != _essence(pair[1])),
        None,
    )


def _foreign(group: _Group, profile: Profile, known: Sequence[Email]) -> list[str]:
    """A line for each mail of another sender that would end a problem, if the notice let that sender in."""
    begun = {key for key, state in _by_key(group, profile) if state in ("open", "update")}
    out = []
    for email in known:
        if email.sender is None or email.sender.key == group.sender:
            continue
        notice = fixtures.notice_of(email, profile)
        if notice and notice.state == "close" and notice.key in begun:
            out.append(
                f"Mail of {email.sender.key} would end a problem: {_comment(email.subject)}. Name this sender alone."
            )
    return list(dict.fromkeys(out))[:MOST_WARNINGS]


def _state_label(group: _Group) -> str:
    """The label whose values are words of state in most of the mails; else one that is called so, of few values."""
    alone, known = _values(), _vocabulary()
    usual = {label: values for label, values in group.labels.items() if len(values) >= _OFTEN * len(group.mails)}
    best = [
        (not any(word in _STATES for word in label.split()), label)
        for label, values in usual.items()
        if sum(words.alone(value, alone) or bool(known.found(value)) for value in values.values())
        >= _OFTEN * len(values)
        and max(len(value.split()) for value in values.values()) <= MOST_STATE
    ]
    if best:
        return min(best)[1]
    called = [
        label for label, values in usual.items() if label in _STATES and 1 < len({*values.values()}) <= MOST_STATE
    ]
    return min(called, key=_STATES.index, default="")


def _states(texts: Sequence[str], known: Words) -> dict[State, list[str]]:
    """The words of state in texts; a text without one is in ``update``."""
    found: dict[State, list[str]] = {"open": [], "close": [], "ignore": [], "update": []}
    for text in texts:
        hits = known.found(text)
        for hit in hits:
            if folded(hit.word) not in map(folded, found[hit.meaning]):
                found[hit.meaning].append(hit.word)
        if not hits and text and text not in found["update"]:
            found["update"].append(text)
    return found


def _several(group: _Group) -> list[str]:
    """A line if most of the mails tell of several things, each on a line of its own with a word of state."""
    telling = []
    for email in group.mails:
        lines = [line for line in email.text[:MOST_BODY].split("\n") if not _LABELLED.match(line)]
        telling.append({_essence(line) for line in lines if words.state_in(line, _values(), free=True)[1]})
    most = [lines for lines in telling if len(lines) > 1]
    if len(most) < len(group.mails) / 2:
        return []
    shown = " / ".join(_comment(line) for line in sorted(most[0])[:2])
    return [
        f"A mail tells of several: {shown}. Say in [who] several and each where it is cut, or each mail is a ticket."
    ]


def _head(group: _Group, states: Mapping[State, Sequence[str]]) -> list[str]:
    name = re.sub(r"[^a-z0-9]+", "-", group.sender.replace("@", "-at-")).strip("-")[:40].strip("-") or "draft"
    out = [f"# Drafted from {len(group.mails)} mails of {group.sender}. In gateway.toml:"]
    out += ["#   [[notice]]", f'#   profile = "{name}"', f'#   senders = ["{group.sender}"]']
    if not states["close"]:
        out.append("# No mail says that a problem is over: add the words that do to [state] close.")
    return [*out, f"name = {_text(name)}", f"title = {_text(_title(group))}", ""]


def _title(group: _Group) -> str:
    sender = group.mails[0].sender
    return (sender.name if sender and sender.name else group.sender)[:MOST_VALUE]


def _who(group: _Group) -> list[str]:
    """What all mails have in common: the beginning of the subject, else labels."""
    first, last = min(group.subjects), max(group.subjects)
    alike = [word == other for word, other in zip(first, last, strict=False)]
    begin = first[: alike.index(False) if False in alike else len(alike)]
    begin = begin[: max(begin.rfind(" "), begin.rfind(":"), begin.rfind("]")) + 1].rstrip()
    if len(begin) >= 3 and not _vocabulary().found(begin):
        return ["[who]", f'when = [{{ field = "subject", regex = {_text("^" + _quoted(begin))} }}]', ""]
    everywhere = [label for label, values in group.labels.items() if len(values) == len(group.mails)][:2]
    if everywhere:
        tests = ", ".join(f'{{ field = "body", contains = {_text(label)} }}' for label in everywhere)
        return ["[who]", f"when = [{tests}]", ""]
    return ["# Nothing tells these mails from others of their sender: name a sender that writes nothing else.", ""]


def _reading(parts: Mapping[str, str]) -> list[str]:
    out = []
    for name, label in parts.items():
        if label:
            out += ["[[read]]", 'source = "label"', f"where = [{_text(label)}]", f"name = {_text(name)}", ""]
    return out


def _judging(
    group: _Group, parts: Mapping[str, str], states: Mapping[State, Sequence[str]], closes: bool = True
) -> list[str]:
    objects = ["object"] if parts["object"] else ["rest"]
    condition = ["rest" if parts["condition"] == "rest" else "condition"] if parts["condition"] else []
    out = ["[key]", f"object = {_list(objects)}", *([f"condition = {_list(condition)}"] if condition else [])]
    if not parts["state"] and "rest" not in (*objects, *condition):
        out.append('scope = ["rest"]')  # the state is told by the subject: what else it says is of the problem
    out += ["", "[state]", f"fields = {_list(['state'] if parts['state'] else ['subject'])}"]
    named: tuple[State, ...] = ("open", "close", "ignore")
    out += [f"{state} = {_list(states[state])}" for state in named if states[state]]
    if states["update"]:
        out.append(f"# without a word that is known: {'; '.join(_comment(line) for line in states['update'][:5])}")
    if parts["severity"]:
        values = sorted({value for value in group.labels[parts["severity"]].values() if len(value.split()) <= 3})[:10]
        levels = list({folded(value): value for value in values}.values())
        out += ["", "# Put the levels into their order, the lowest first.", "[severity]", 'fields = ["severity"]']
        out.append(f"levels = {_list(levels)}")
    if objects == ["rest"] or not closes:
        out += ["", "# Two jobs may share a subject: say close = true once the key names what each mail is about."]
        out += ["[policy]", "close = false"]
    out += ["", "[client]", f"fields = {_list(['client'] if parts['client'] else ['tag', 'from_name'])}", ""]
    return out


def _each(group: _Group, profile: Profile) -> list[tuple[Notice | None, Email]]:
    """Each mail with what the draft reads, None where it is none of the product."""
    return [(fixtures.notice_of(email, profile), email) for email in group.mails]


def _fixtures(group: _Group, profile: Profile) -> list[str]:
    """A mail of each state as a fixture."""
    out, seen = [], set[str]()
    for notice, email in _each(group, profile):
        if notice is None or notice.state in seen:
            continue
        seen.add(notice.state)
        failed = f", failed = {_list(notice.failed)}" if notice.failed else ""
        out += [
            "[[fixture]]",
            f'name = "{notice.state}"',
            f"sender = {_text(group.sender)}",
            f"subject = {_text(email.subject)}",
            f"body = {_text(email.text[:MOST_BODY])}",
            f'gives = {{ state = "{notice.state}"{failed} }}',
            "",
        ]
    return out


def _list(values: Sequence[str]) -> str:
    return f"[{', '.join(_text(value) for value in values)}]"


def _text(value: str) -> str:
    """A TOML string."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _comment(value: str) -> str:
    return " ".join(value.split())[:MOST_VALUE]


def _quoted(text: str) -> str:
    """A text as RE2 finds it, which knows escapes of ASCII alone."""
    return re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", text)
