"""Files of the repository as pages of the site, and links that are right in both.

A text links to files by their places in the repository, so that it can be read there. In the site
a link to a text is one to its page, one to a module (`losses.py`, or `losses.py#g_adv`) is one to
its reference, and of a link to anything else only its words are left.
"""

import re
from collections.abc import Collection, Iterator
from pathlib import Path, PurePosixPath
from posixpath import normpath, relpath
from typing import Final

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File

ROOT: Final = Path(__file__).resolve().parents[2]
TEXTS: Final = ("RESULTS.md", "MODEL_CARD.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md")
_PICTURES: Final = "assets/screenshots"
_FENCE: Final = re.compile(r"(^```.*?^```$)", re.MULTILINE | re.DOTALL)
_LINK: Final = re.compile(r"(?P<image>!?)\[(?P<words>[^\[\]]*)\]\((?P<target>[^)\s]+)\)")


def shared(config: MkDocsConfig) -> Iterator[File]:
    """The texts at the root and the screenshots, under the names that they have there."""
    pictures = sorted((ROOT / _PICTURES).glob("*.png"))
    for path in [*(ROOT / name for name in TEXTS), *pictures]:
        source = path.relative_to(ROOT).as_posix()
        yield File.generated(config, source, abs_src_path=str(path))


def linked(markdown: str, source: str, known: Collection[str]) -> str:
    """A text whose links to files of the repository are links of the site.

    Args:
        markdown: the text.
        source: its place in the site, before it is built.
        known: places of all texts and pictures of the site.
    """
    folder = PurePosixPath(source if source in TEXTS else f"docs/{source}").parent

    def link(found: re.Match[str]) -> str:
        words, target = found["words"], found["target"]
        path, hash_, anchor = target.partition("#")
        if not path or re.match(r"\w+:", path):
            return found[0]
        place = normpath(folder / path)
        page = place.removeprefix("docs/")
        if page in known:
            away = relpath(page, PurePosixPath(source).parent)
            return f"{found['image']}[{words}]({away}{hash_}{anchor})"
        if not (ROOT / place).exists():
            return found[0]  # mkdocs says that it leads nowhere
        module = place.endswith(".py") or (ROOT / place).is_dir()
        if place.startswith("sadal_core/") and module:
            return f"[{words}][{'.'.join(filter(None, (_module(place), anchor)))}]"
        return words

    parts = _FENCE.split(markdown)
    return "".join(part if i % 2 else _LINK.sub(link, part) for i, part in enumerate(parts))


def _module(place: str) -> str:
    return place.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
