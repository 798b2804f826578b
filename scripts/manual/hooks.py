"""Hooks of mkdocs: files of the repository as pages, figures by the code, formulas as MathML."""

from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import Files
from mkdocs.structure.pages import Page

from scripts.manual import figures, formulas, outlines, pages


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add what lies outside of `docs/`: texts at the root, screenshots, plotly."""
    for file in [*pages.shared(config), figures.plotly(config)]:
        files.append(file)
    return files


def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Make links to files of the repository links of the site."""
    return pages.linked(markdown, page.file.src_uri, files.src_uris)


def on_page_content(html: str, *, page: Page, **_: Any) -> str:
    """Put figures, lists and formulas in their places."""
    return formulas.as_mathml(outlines.listed(figures.drawn(html, page.url)))
