"""The report: lines for a terminal, and a page that needs nothing else."""

import re
from html.parser import HTMLParser

from selftest_findings import findings, outcome

from cltensor.selftest import report


def test_a_family_is_said_when_the_next_one_begins():
    said = []
    progress = report.Progress(said.append)
    for found in findings().outcomes[:6]:
        progress.add(found)
    progress.close()
    assert [" ".join(line.split()) for line in said] == [
        "probes 1 of 1 0.5 s",
        "sums 1 of 3, 1 wrong, 1 died, 1 left out 2.0 s",
        "training 1 of 1 0.5 s",
    ]


def test_lines_tell_bugs_speed_training_and_failures():
    lines = "\n".join(report.text(findings()))
    for part in (
        "known bug: loops end: 131069",
        "note of loops end",
        "known bug: relu: died: SIGSEGV",
        "known bug: dying at the end of the process: SIGABRT",
        "at most 100 GFLOP/s, 20 GB/s",
        "80% of the roofline",
        "training, a step: loss 2.3",
        "FAILED sums, two: 3 of 9 elements differ",
        "3 of 5 checks FAILED",
    ):
        assert part in lines


def test_many_failures_are_cut_on_the_terminal():
    found = findings()
    found.outcomes += [outcome("sums", f"more {i}", "wrong", "x" * 2000) for i in range(20)]
    lines = list(report.text(found))
    assert any(line.startswith("  ... and 13 more") for line in lines)
    assert max(map(len, lines)) < 400


class Page(HTMLParser):
    """What a page refers to, and its text."""

    def __init__(self):
        super().__init__()
        self.found, self.words = [], []

    def handle_starttag(self, tag, attributes):
        self.found.append(tag)
        assert tag not in ("script", "link", "img", "iframe", "object")
        assert not {"src", "href"} & dict(attributes).keys()

    def handle_data(self, data):
        self.words.append(data)


def test_the_page_stands_alone_and_says_all():
    html = report.page(findings())
    page = Page()
    page.feed(html)
    text = " ".join(page.words)
    assert not re.search(r"url\(|@import|https?:", html)
    for part in (
        "A & B card", "3 of 5 checks FAILED", "rounds <once>", "What failed", "1 < 2",
        "Known bugs of drivers", "note of relu", "1,024", "A step of training", "the roofline",
        "SIGABRT: double free", "no result after 120 s",
    ):  # fmt: skip
        assert part in text, part


def test_a_page_of_a_quick_run_has_no_speed():
    found = findings(only=("right",))
    found.outcomes = [o for o in found.outcomes if o.family != "speed"]
    html = report.page(found)
    assert "<h2>Speed" not in html
    assert "What failed" not in html
    assert "all 2 checks right" in html
