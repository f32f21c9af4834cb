"""What a reader of an HTML mail sees, its text holds: hidden words, list numbers, signs, targets, as they were meant."""

from __future__ import annotations

import pytest

from gateway.mail.blocks import to_blocks
from gateway.mail.html import to_lines
from gateway.mail.htmlsight import Said
from gateway.mail.lines import render, squeeze
from gateway.mail.links import target_text
from gateway.mail.read import read
from gateway.mail.symbols import as_shown, is_emoji
from tests.mail.test_named_mails import block


def text_of(source: str) -> str:
    return render(squeeze(to_lines(source).lines))


@pytest.mark.parametrize(
    ("source", "seen"),
    [
        # A child sets anew what it inherits.
        ("<div style='font-size:0'>no<p style='font-size:16px'>yes</p></div>", "yes"),
        ("<div style='font-size:0px'><span style='font-size:1rem'>yes</span></div>", "yes"),
        ("<td style='font-size:0'><font size=2>yes</font></td>", "yes"),
        ("<div style='font-size:0'><b style='font:bold 12pt Arial'>yes</b></div>", "yes"),
        ("<div style='font-size:0'><b style='font-size:medium'>yes</b></div>", "yes"),
        ("<div style='font:0/0 a'>no</div>yes", "yes"),
        ("<div style='font-size:0'><span style='font-size:2em'>no</span></div>yes", "yes"),
        ("<div style='font-size:0.0px'>no</div>yes", "yes"),
        ("<div style='font-size:0.9em'>yes</div>", "yes"),
        ("<div style='visibility:hidden'>no<span style='visibility:visible'>yes</span></div>", "yes"),
        ("<div style='visibility:hidden'><span style='visibility:inherit'>no</span></div>yes", "yes"),
        ("<div style='color:#fff;background:#FFFFFF'>no<span style='color:red'>yes</span></div>", "yes"),
        ("<div style='color:white;background:rgb(255, 255, 255)'>no</div>yes", "yes"),
        ("<div style='background:#fff'><span style='color:#ffffff'>no</span></div>yes", "yes"),
        ("<div style='background:#fff'><div style='background:#036'><a style='color:#fff'>yes</a></div></div>", "yes"),
        ("<td bgcolor='#003366'><span style='color:#003366'>no</span><font color=white>yes</font></td>", "yes"),
        ("<div style='background:#fff'><p class=button><a style='color:#fff'>yes</a></p></div>"
         "<style>.button {background: #036}</style>", "yes"),
        ("<div style='background:#fff url(x.png);color:#fff'>yes</div>", "yes"),
        ("<style>.t { font-size: 14px }</style><td style='font-size:0'><p class=t>yes</p></td>", "yes"),
        ("<style>.t { margin: 0 }</style><td style='font-size:0'><p class=t>no</p></td>yes", "yes"),
        ("<span style='color:transparent'>no</span>yes", "yes"),
        # One colour in two spellings, and none.
        ("<div style='background:#fff;color:hsl(0, 0%, 100%)'>no</div>yes", "yes"),
        ("<div style='background:#008000;color:green'>no</div>yes", "yes"),
        ("<div style='background:rgb(0 0 0);color:black'>no</div>yes", "yes"),
        ("<div style='color:rgb(0 0 0 / 0%)'>no</div>yes", "yes"),
        ("<div style='background:#fff;color:hsl(210, 100%, 20%)'>yes</div>", "yes"),
        ("<div style='color:rgb(x);background:hsl(1)'>yes</div>", "yes"),
        # What names no colour is passed over.
        ("<span style='color:none'>yes</span>", "yes"),
        ("<span style='color:initial;background-color:initial'>yes</span>", "yes"),
        ("<div style='background:#fff;color:#fff'>no<b style='color:initial'>yes</b></div>", "yes"),
        ("<div style='background:#fff;color:#fff'><b style='color:unset'>no</b></div>yes", "yes"),
        ("<div style='background:#fff'><p style='background:initial;color:#fff'>no</p></div>yes", "yes"),
        # Words in a line have no box that cuts them, tables grow with what they hold, and only what is taken out of the
        # flow is clipped.
        ("<p><span style='height:0;overflow:hidden'>yes</span></p>", "yes"),
        ("<a style='width:1px;overflow:hidden'>yes</a>", "yes"),
        ("<table><td style='width:1px;overflow:hidden'>yes</td></table>", "yes"),
        ("<table style='height:0;overflow:hidden'><td>yes</td></table>", "yes"),
        ("<div style='display:inline;height:0;overflow:hidden'>yes</div>", "yes"),
        ("<span style='display:block;height:0;overflow:hidden'>no</span>yes", "yes"),
        ("<span style='float:left;width:0;overflow:hidden'>no</span>yes", "yes"),
        ("<span style='position:absolute;width:1px;height:1px;overflow:hidden'>no</span>yes", "yes"),
        ("<span style='clip:rect(0,0,0,0)'>yes</span>", "yes"),
        ("<span style='position:absolute;clip:rect(0,0,0,0)'>no</span>yes", "yes"),
        # Comments end where they end in browsers.
        ("<!--->yes<!-- no -->", "yes"),
        ("<!-->yes<!-- no -->", "yes"),
        ("<!-- no --!>yes<!-- no -->", "yes"),
        ("<!-- no > -- ! > no -->yes", "yes"),
        ("<!--[if !mso]><!--->yes<!--<![endif]-->", "yes"),
        ("<!----><!----->yes<!-- no -- -->", "yes"),
        # What no child takes back.
        ("<div style='display:none'><p style='display:block;font-size:14px'>no</p></div>yes", "yes"),
        ("<div style='opacity:0'><p style='opacity:1'>no</p></div>yes", "yes"),
        ("<div style='max-height:0;overflow:hidden'>no</div>yes", "yes"),
        ("<div style='height:0px;overflow:hidden'>no</div>yes", "yes"),
        ("<div style='max-height:0.5em;overflow:hidden'>yes</div>", "yes"),
        ("<div style='position:absolute;left:-9999px'>no</div>yes", "yes"),
        ("<div style='height:1px;width:1px;overflow:hidden'>no</div>yes", "yes"),
        ("<div style='position:absolute;clip:rect(0 0 0 0)'>no</div>yes", "yes"),
        ("<div style='position:absolute;clip:rect(0,80px,20px,0)'>yes</div>", "yes"),
        ("<div style='display:none!important;display:block'>no</div>yes", "yes"),
        ("<div style='display:none;display:block'>yes</div>", "yes"),
        ("<div style='display:none;display:block !important;display:none'>yes</div>", "yes"),
        ("<p style='text-indent:-1em'>yes</p>", "yes"),
        ("<p hidden>no</p>yes", "yes"),
        # A drawing ends where a page begins again.
        ("<svg><p>yes</p>", "yes"),
        ("<svg><g><div>yes</div></g></svg>", "yes"),
        ("<svg><svg><p>yes", "yes"),
        ("<svg><text>no</text><path d='M0'/></svg>yes", "yes"),
        ("<svg><foreignObject><p>no</p></foreignObject></svg>yes", "yes"),
        ("<div style='display:none'><svg><p>no</p></svg></div>yes", "yes"),
        # Hidden from one program only: all others show it.
        ("<a style='background:#036;color:#fff;mso-hide:all'>yes</a>", "yes"),
        ("<div style='font-size:0'><script>no</script><title>no</title></div>yes", "yes"),
    ],
)  # fmt: skip
def test_hidden_is_what_a_reader_would_not_see(source: str, seen: str) -> None:
    assert text_of(source) == seen


def test_pictures_have_no_size_of_type() -> None:
    source = "<div style='font-size:0;color:#fff;background:#fff'><img src=cid:a></div><p style='display:none'><img src=cid:a></p>"
    assert to_lines(source, lambda _: 0).pictures == [0]


SECRET = "<p>Dear Ann,</p><div style='display:none'>the meter stands at 4711 today</div>"


@pytest.mark.parametrize(
    ("text", "source", "seen"),
    [
        ("Dear Ann,\nthe meter stands at 4711 today\n", SECRET, "Dear Ann,\n\nthe meter stands at 4711 today"),
        ("Dear Ann,\nsomething else\n", SECRET, "Dear Ann,"),
        # Words that stand elsewhere in the HTML are not said twice.
        ("The meter stands at 4711 today.", SECRET + "The meter stands at 4711 today.",
         "Dear Ann,\n\nThe meter stands at 4711 today."),
        ("1\nDone", "<p>1</p><p style='font-size:0'>Done</p>", "1\n\nDone"),
        ("We are done", "<p>1</p><p style='font-size:0'>Done</p>", "1"),
        ("alert(1) or so it says", "<script>alert(1) or so it says</script>yes", "yes"),
    ],
)  # fmt: skip
def test_words_that_the_text_says_are_no_secret(text: str, source: str, seen: str) -> None:
    shown = render(squeeze(to_lines(source).lines), marks=False)
    assert render(squeeze(to_lines(source, said=Said(text, shown)).lines)) == seen


@pytest.mark.parametrize(
    ("source", "blocks"),
    [
        ("<ol><li>a<li>b</ol>", ["numberedListItem:a", "numberedListItem:b"]),
        ("<ol start=3><li>c<li>d</ol>", ["paragraph:3. c", "paragraph:4. d"]),
        ("<ol><li>a</ol><ol start=2><li>b</ol>", ["numberedListItem:a", "numberedListItem:b"]),
        ("<ol><li>a</ol><p>x</p><ol start=2><li>b</ol>", ["numberedListItem:a", "paragraph:x", "paragraph:2. b"]),
        ("<ol><li>a<li value=5>e<li>f</ol>", ["numberedListItem:a", "paragraph:5. e", "paragraph:6. f"]),
        ("<ol><li>a<p>more</p><li>b</ol>", ["numberedListItem:a", "paragraph:more", "paragraph:2. b"]),
        ("<ol type=a><li>x<li>y</ol>", ["paragraph:a. x", "paragraph:b. y"]),
        ("<ol style='list-style-type: upper-roman' start=4><li>x<li>y</ol>", ["paragraph:IV. x", "paragraph:V. y"]),
        ("<ol><li>a<ol><li>b<li>c</ol><li>d</ol>",
         ["numberedListItem:a>[numberedListItem:b,numberedListItem:c]", "numberedListItem:d"]),
        ("<ol><li>a<ul><li>b</ul><li>c</ol>", ["numberedListItem:a>[bulletListItem:b]", "numberedListItem:c"]),
        ("<ul><li value=7>a<li>b</ul>", ["bulletListItem:a", "bulletListItem:b"]),
        ("<ol start=99999999999><li>a</ol>", ["numberedListItem:a"]),
    ],
)  # fmt: skip
def test_an_item_has_the_number_that_it_had(source: str, blocks: list[str]) -> None:
    assert [block(item) for item in to_blocks(squeeze(to_lines(source).lines))] == blocks


def test_lines_above_a_cut_take_no_number_along() -> None:
    lines = squeeze(to_lines("<ol><li>a<li>b<li>c</ol>").lines)
    assert render(lines[2:]) == "3. c"
    assert [block(item) for item in to_blocks(lines[2:])] == ["paragraph:3. c"]


@pytest.mark.parametrize(
    ("href", "text"),
    [
        (r"file:///\\fs01\sales\Orders%202026.xlsx", r"\\fs01\sales\Orders 2026.xlsx"),
        ("file://fs01/sales/Orders%202026.xlsx", r"\\fs01\sales\Orders 2026.xlsx"),
        ("file://///fs01/sales", r"\\fs01\sales"),
        ("file://localhost/home/ann/a.txt", "/home/ann/a.txt"),
        ("file://localhost/c:/a.txt", r"C:\a.txt"),
        ("file://localhostess/a", r"\\localhostess\a"),
        (r"\\fs01\scans\2026", r"\\fs01\scans\2026"),
        ("file:///C:/Users/ann/list.xlsx", r"C:\Users\ann\list.xlsx"),
        ("file:///P|/plan.doc", r"P:\plan.doc"),
        (r"Q:\plan.doc", r"Q:\plan.doc"),
        ("file:///home/ann/list.ods", "/home/ann/list.ods"),
        ("smb://nas.example/scans", "smb://nas.example/scans"),
        ("ftp://ftp.example/pub", "ftp://ftp.example/pub"),
        ("onenote:https://x.example/Notes.one#Page", "onenote:https://x.example/Notes.one#Page"),
        ("notes://srv/0012", "notes://srv/0012"),
        ("sip:ann@voice.example", "sip:ann@voice.example"),
        ("callto:+49301234", "callto:+49301234"),
        ("msteams:/l/chat/0/0", "msteams:/l/chat/0/0"),
        ("www.shop.example/x", "www.shop.example/x"),
        ("java\nscript:alert(1)", ""),
        ("javascript:alert(1)", ""),
        ("JavaScript&colon;alert(1)", ""),
        ("vbscript:x", ""),
        ("data:text/html,x", ""),
        ("#part", ""),
        ("cid:a@b", ""),
        ("page.html", ""),
        ("/page.html", ""),
        ("", ""),
        ("file:", ""),
        ("smb:", ""),
        ("ftp://a\u202eb/x", "ftp://ab/x"),
    ],
)
def test_a_target_that_may_be_no_link_is_told(href: str, text: str) -> None:
    assert target_text(href) == text


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        (r"<a href='file://fs01/a'>the list</a>.", r"paragraph:the list (\\fs01\a)."),
        (r"<a href='file:///\\fs01\a%20b'>\\fs01\a b</a>", r"paragraph:\\fs01\a b"),
        ("<a href='sip:ann@v.example'>sip:ann@v.example</a>", "paragraph:sip:ann@v.example"),
        ("<a href='javascript:x'>here</a>", "paragraph:here"),
        ("<a href='https://x.example/'>here</a>", "paragraph:here"),
    ],
)
def test_the_target_stands_behind_its_words(source: str, shown: str) -> None:
    assert [block(item) for item in to_blocks(to_lines(source).lines)] == [shown]


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("thanks <span style='font-family:Wingdings'>J</span>", "thanks ☺"),
        ("a <span style=\"mso-ascii-font-family:Arial;font-family:'Wingdings'\">à</span> b", "a → b"),
        ("<font face=Wingdings>L</font>", "☹"),
        ("<font face='Wingdings'>&#61514;</font>", "☺"),
        ("<font face=Wingdings>ü<span style='font-family:Arial'>J</span></font>", "✓J"),
        ("<span style='font-family:Symbol'>·</span> point", "• point"),
        ("<span style='font-family:Symbol'>a</span> = 5", "α = 5"),
        ("<span style='font-family:\"Wingdings 2\"'>P</span>", "✓"),
        ("<span style='font-family:Webdings'>a</span>", "✓"),
        ("&#61623; point", "• point"),
        # Words that a wrong font came upon, and a font that is only a spare.
        ("<span style='font-family:Wingdings'>Please call me</span>", "Please call me"),
        ("<span style='font-family:Arial,Wingdings'>J</span>", "J"),
        ("It works <img alt='👍' src=https://x.example/1f44d.png> now", "It works 👍 now"),
        ("<img alt='👨\u200d👩\u200d👧' src=https://x.example/f.png>", "👨\u200d👩\u200d👧"),
        ("<img alt='5' src=https://x.example/f.png>", "[5]"),
        ("<img alt='Logo' src=https://x.example/f.png>", "[Logo]"),
    ],
)
def test_a_letter_that_is_a_picture_is_that_picture(source: str, shown: str) -> None:
    assert text_of(source) == shown


def test_signs() -> None:
    assert as_shown("JJ\u20ac", "wingdings") == "☺☺⓪"
    assert not is_emoji("")
    assert not is_emoji("#1")
    assert is_emoji("1\ufe0f\u20e3")


@pytest.mark.parametrize(
    ("source", "seen"),
    [
        # No mail program runs scripts, and none shows objects: their other content is shown.
        ("<noscript><p>The door is shut</p></noscript>", "The door is shut"),
        ("<object data=x.swf><p>Room 312</p></object>", "Room 312"),
        ("<math><mi>x</mi><mo>=</mo><mn>2</mn></math>", "x=2"),
        ("<xmp>a<b</xmp>", "a<b"),
        # A form that was sent as it was filled in.
        ("<p>Name: <input value='Ann Berg'></p><p>Room: <input type=number value=312></p>", "Name: Ann Berg\n\nRoom: 312"),
        ("<p>Room: <select><option>311<option selected>312</select></p>", "Room: 312"),
        ("<p><input type=radio checked> Yes <input type=radio> No</p>", "◉ Yes ○ No"),
        ("<input type=hidden value=t><input type=password value=t><input type=submit value=Approve>", "[Approve]"),
        # Figures, quotation marks, pictures without a source, areas of a map.
        ("10<sup>6</sup> m<sup>2</sup> H<sub>2</sub>O 10<sup>-3</sup>", "10⁶ m² H₂O 10⁻³"),
        ("the 1<sup>st</sup> of May", "the 1st of May"),
        ("<p>He said <q>no</q>.</p>", "He said “no”."),
        ("<p>See <img alt='Order 4711'> here</p>", "See [Order 4711] here"),
        ("<img alt=''><img>x", "x"),
        ("<map><area href='https://a.example/1' alt='Room 1'></map>", "[Room 1]"),
    ],
)  # fmt: skip
def test_elements_without_words_of_their_own(source: str, seen: str) -> None:
    assert text_of(source) == seen


@pytest.mark.parametrize(
    ("source", "seen"),
    [
        ("Write to <ann@customer.example> please", "Write to <ann@customer.example> please"),
        ("see <https://a.example/x?a=1&amp;b=2> there", "see <https://a.example/x?a=1&b=2> there"),
        ("<a@b.example> and <mailto:b@c.example>", "<a@b.example> and <mailto:b@c.example>"),
        ("Enter <server-name>, then List<String> names", "Enter <server-name>, then List<String> names"),
        # Elements of other vocabularies, and unknown ones with an end or attributes.
        ("<o:p>a</o:p><st1:place w:st=on>b</st1:place><x-sig>c</x-sig><foo bar=1>d", "abcd"),
        ("<center>a<nobr>b<spacer>c", "abc"),
    ],
)
def test_words_in_brackets_are_no_tags(source: str, seen: str) -> None:
    assert text_of(source) == seen


@pytest.mark.parametrize(
    ("source", "seen"),
    [
        ("<ol><li type=A>a<li>b</ol>", "A. a\n2. b"),
        ("<ol style='list-style-type: decimal-leading-zero'><li>a<li>b</ol>", "01. a\n02. b"),
        ("<ol style='list-style:none'><li>1) a<li>2) b</ol>", "1) a\n2) b"),
        ("<ol><li>a<li style='display:none'>x<li>b</ol>", "1. a\n2. b"),
        # Word's lists are paragraphs: a bullet in Symbol with blanks of another font.
        ("<p class=MsoListParagraph><span style='font-family:Symbol'>·<span style='font:7.0pt \"Times New Roman\"'>&nbsp;&nbsp; </span></span>First</p>", "•\u00a0\u00a0 First"),
        ("<p><span style='font-family:Wingdings'>§<span style='font:7.0pt \"Times New Roman\"'>&nbsp; </span></span>Third</p>", "▪\u00a0 Third"),
        ("<p style='font-family:Symbol'>a<span style='font:12pt Arial,Symbol'>a</span></p>", "αa"),
        ("<p style='font-family:Symbol'>a<span style='font:italic 12pt/1.5 Wingdings'>J</span></p>", "α☺"),
    ],
)  # fmt: skip
def test_numbers_and_bullets(source: str, seen: str) -> None:
    assert text_of(source) == seen


@pytest.mark.parametrize(
    ("rows", "seen"),
    [
        ("<tr><th>Room<th>Name</tr><tr><td rowspan=2>312<td>Ann</tr><tr><td>Bo</tr><tr><td>313<td>Cy</tr>",
         "Room | Name\n312 | Ann\n | Bo\n313 | Cy"),
        ("<tr><th>Room<th>Name<th>Day</tr><tr><td>312<td colspan=2>none</tr><tr><td colspan=2>all<td>Monday</tr>",
         "Room | Name | Day\n312 | none | \nall |  | Monday"),
        # A cell that reaches into a row that ends before it does not reach further.
        ("<tr><td>1<td rowspan=2>2</tr><tr><td>3</tr><tr><td>4<td>5</tr>", "1 | 2\n3 | \n4 | 5"),
        ("<tr><td colspan=-1>1<td rowspan=x>2</tr><tr><td>3<td>4</tr>", "1 | 2\n3 | 4"),
    ],
)  # fmt: skip
def test_cells_stand_in_the_column_in_which_they_are_seen(rows: str, seen: str) -> None:
    assert text_of(f"<table border=1>{rows}</table>") == seen


def test_a_page_may_say_where_its_links_begin() -> None:
    lines = squeeze(to_lines("<base href='https://a.example/x/'><a href=y>Doc</a> <a href='#top'>Up</a>").lines)
    assert render(lines, targets=True) == "Doc <https://a.example/x/y> Up <#top>"


@pytest.mark.parametrize(
    ("page", "seen"),
    [
        ("<div style='display:none'><p>Room 312 is dark.", "Room 312 is dark."),
        ("<select><option>Room 312<p>is dark", "Room 312"),
        ("<p hidden>no</p><p>Room 312</p>", "Room 312"),
        ("<script>no</script>", ""),
    ],
)
def test_a_page_on_which_nothing_is_seen_shows_what_it_hides(page: str, seen: str) -> None:
    head = b"From: ann@customer.example\r\nContent-Type: text/html\r\n\r\n"
    text = read(head + page.encode()).email.text
    assert text.startswith(seen) and "no" not in text


def test_not_where_the_mail_says_it_in_another_form() -> None:
    head = b"From: ann@customer.example\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n"
    body = b"--b\r\nContent-Type: text/plain\r\n\r\nRoom 312\r\n--b\r\nContent-Type: text/html\r\n\r\n<p hidden>no</p>\r\n--b--\r\n"
    assert read(head + body).email.text == "Room 312"
