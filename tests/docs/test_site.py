"""The site: whole, without a dead link, and without a question to any other host."""

import json
import pkgutil
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag, urljoin, urlparse

import pytest

import app.figures
import sadal_core
from scripts.manual.figures import FIGURES
from tests.docs.blocks import ROOT

_LOADED = dict.fromkeys(("script", "img", "iframe", "source", "video", "audio", "embed"), "src") | {
    "object": "data", "use": "href", "link": "href",
}  # fmt: skip
_INDEX = ROOT / "docs" / "reference" / "index.md"


class Seen(HTMLParser):
    """What a page links to, what it loads, and the names of its places."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.ids: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.ids |= {given[name] for name in ("id", "name") if name in given}
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        if tag in _LOADED and _LOADED[tag] in given:
            self.loads.append(given[_LOADED[tag]])
        self.loads += given.get("srcset", "").split()[::2]


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[str, Seen]:
    found = sorted(site.rglob("*.html"))
    return {page.relative_to(site).as_posix(): Seen(page.read_text("utf-8")) for page in found}


def targets(pages: dict[str, Seen]) -> Iterator[tuple[str, str, str]]:
    """Page, address in the site and anchor of every link to a place in the site."""
    for name, seen in pages.items():
        base = "http://site/" if name == "404.html" else f"http://site/{name}"
        for link in seen.links + seen.loads:
            address, anchor = urldefrag(urljoin(base, link))
            if urlparse(address).netloc == "site":
                yield name, unquote(urlparse(address).path.lstrip("/")), anchor


def test_every_link_leads_to_a_page_and_to_a_place_on_it(
    site: Path, pages: dict[str, Seen]
) -> None:
    dead, seen = [], 0
    for name, place, anchor in targets(pages):
        seen += 1
        place = f"{place}index.html" if place.endswith("/") or not place else place
        if not (site / place).is_file():
            dead.append(f"{name} -> {place}")
        elif anchor and place in pages and unquote(anchor) not in pages[place].ids | {"__"}:
            dead.append(f"{name} -> {place}#{anchor}")
    assert dead == []
    assert seen > 1000


def test_nothing_is_loaded_from_another_host(site: Path, pages: dict[str, Seen]) -> None:
    foreign = [
        (name, load) for name, seen in pages.items() for load in seen.loads
        if urlparse(load).netloc or load.startswith("//")
    ]  # fmt: skip
    assert foreign == []
    for sheet in site.rglob("*.css"):
        assert not re.search(r"(url\(|@import)\s*['\"]?(https?:)?//", sheet.read_text("utf-8"))
    for page in pages:  # Material would fetch the programs for these
        assert not re.search(r'class="[^"]*(mermaid|arithmatex)', (site / page).read_text("utf-8"))


def test_every_figure_is_drawn_and_by_the_code(site: Path) -> None:
    html = "".join(page.read_text("utf-8") for page in site.rglob("*.html"))
    drawn = re.findall(
        r'<figure class="drawn" id="figure-([\w-]+)"><div role="img" aria-label="[^"]{40,}">'
        r'</div><script type="application/json">(.*?)</script>', html,
    )  # fmt: skip
    assert sorted(name for name, _ in drawn) == sorted(FIGURES)
    for name, data in drawn:
        assert len(json.loads(data)["data"]) > 0, name
    assert "<!-- figure" not in html
    assert (site / "look" / "plotly.min.js").stat().st_size > 1_000_000


def test_formulas_are_mathml_with_nothing_of_tex_left(site: Path) -> None:
    read = [page.read_text("utf-8") for page in site.rglob("*.html")]
    formulas = [one for html in read for one in re.findall(r"<math .*?</math>", html, re.DOTALL)]
    assert len(formulas) > 150
    assert [one for one in formulas if "\\" in one or "merror" in one] == []
    for html in read:
        words = re.sub(r"<(script|code|math)\b.*?</\1>", "", html, flags=re.DOTALL)
        assert ":math:" not in words
        assert ".. math" not in words
        assert "$$" not in words


def test_the_reference_has_every_public_module(pages: dict[str, Seen]) -> None:
    ids = set().union(*(seen.ids for name, seen in pages.items() if name.startswith("reference/")))
    found = [
        module.name
        for package in (sadal_core, app.figures)
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
    ]
    missing = [
        name for name in found
        if name not in ids and not name.startswith(("sadal_core.cli", "sadal_core.__main__"))
    ]  # fmt: skip
    assert missing == [], f"add them to a page in {_INDEX.parent}"
    assert len(found) > 100
    assert {"sadal_core.similarity.Similarity.demanded_distance", "app.curves.q_curves"} <= ids


def test_the_texts_of_the_repository_are_pages_of_the_site(
    site: Path, pages: dict[str, Seen]
) -> None:
    assert {"RESULTS.html", "MODEL_CARD.html", "CHANGELOG.html", "SECURITY.html"} <= set(pages)
    card = (site / "MODEL_CARD.html").read_text("utf-8")
    assert '<a href="experiments.html">docs/experiments.md</a>' in card
    assert "assets/screenshots/estimate-light.png" in pages["index.html"].loads
