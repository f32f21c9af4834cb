"""Rich text that is a paragraph a line is made where it is needed, and is what the lines give."""

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.mail.blocks import block_of, rich_of, to_blocks
from gateway.mail.lines import Line, Run, render, squeeze
from gateway.mail.read import read
from gateway.mail.wire import dump, load
from gateway.model.email import paragraphs
from tests.sizes import size

RUNS = st.builds(
    Run,
    st.text(st.sampled_from("ab \t\n\u00a0\u2003é"), max_size=8),
    st.sampled_from((frozenset(), frozenset(), frozenset(), frozenset({"bold"}))),
    st.sampled_from(("", "", "", "https://a.example")),
)
ROWS = st.lists(RUNS, max_size=2)
LINES = st.builds(
    Line,
    ROWS,
    st.sampled_from(("text",) * 8 + ("heading", "bullet", "number", "image", "rule")),
    quote=st.sampled_from((0, 0, 0, 1)),
    pre=st.booleans(),
    label=st.sampled_from(("", "", "3.")),
)
LOOKLESS = st.builds(lambda text, pre: Line([Run(text)] if text else [], pre=pre), st.text(max_size=12), st.booleans())


@settings(max_examples=size(300, 3000), deadline=None)
@given(st.lists(LINES | LOOKLESS, max_size=5))
def test_what_is_made_of_the_text_is_what_the_lines_give(lines):
    shown = squeeze(lines)
    rich = rich_of(shown)
    assert (paragraphs(render(shown)) if rich is None else rich) == to_blocks(shown)
    for line in (line for line in shown if not line.blank):
        alone = block_of(line)
        assert (paragraphs(line.text) if alone is None else alone) == to_blocks([line])


def test_the_words_of_a_plain_mail_cross_the_pipe_without_their_blocks():
    lines = [f"Line {number} of a mail whose words have no look." for number in range(20)]
    email = read("\r\n".join(["Subject: Printer", "", *lines]).encode()).email
    sent = dump(email)
    assert b"paragraph" not in sent and email.blocks == paragraphs("\n".join(lines)) == email.reply.blocks
    assert load(sent) == email
