"""What the subjects of a problem's mails said: words put round that of its end show against them."""

from __future__ import annotations

from gateway.match import signs
from gateway.model.notice import Notice
from gateway.model.problem import Problem


def says_more(notice: Notice, problem: Problem) -> bool:
    """Whether the subject of an end has words for which neither the profile nor an earlier mail accounts."""
    known = problem.subject or signs.bare(problem.title)
    return not any(signs.follows(notice.subject, said) for said in known.split("\n"))


def remembered(problem: Problem, notice: Notice) -> str:
    """What the first mail of a problem said, and its newest where that is another: products let a title be edited."""
    if not notice.parsed or notice.strange or notice.state == "close":
        return problem.subject
    first = problem.subject.partition("\n")[0]
    return first if notice.subject in ("", first) else f"{first}\n{notice.subject}"
