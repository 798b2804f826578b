"""How the page looks and how it is served: the keywords of Gradio's `launch`."""

from typing import Any, Final

from gradio.themes import Base, Color, Font, colors, sizes

from sadal_core.bundled import ASSETS
from sadal_core.faces.image import MAX_BYTES

_SYSTEM_FONTS: Final = ("system-ui", "Segoe UI", "Roboto", "Helvetica Neue", "Arial", "sans-serif")
_MONO_FONTS: Final = ("ui-monospace", "Menlo", "Consolas", "monospace")
_BLUE: Final = Color(
    name="sadal",
    c50="#eef5fc", c100="#d9e8f7", c200="#b5d2ef", c300="#86b5e4", c400="#5596d6",
    c500="#2f78c4", c600="#2665aa", c700="#20538b", c800="#1c446f", c900="#17375a", c950="#0f2540",
)  # fmt: skip


def theme() -> Base:
    """A quiet theme with one accent and the system's own fonts."""
    return Base(
        primary_hue=_BLUE,
        secondary_hue=_BLUE,
        neutral_hue=colors.slate,
        radius_size=sizes.radius_sm,
        font=[Font(name) for name in _SYSTEM_FONTS],
        font_mono=[Font(name) for name in _MONO_FONTS],
    )


def launch_options() -> dict[str, Any]:
    """Keywords for `Blocks.launch`: looks, limits, and nothing that leaves the machine."""
    return {
        "theme": theme(),
        # Not `css_paths`: Gradio rewrites those rules and loses what it does not know.
        "head": f"<style>{(ASSETS / 'style.css').read_text('utf-8')}</style>",
        "footer_links": ["api"],
        "run_history": False,  # it would keep inputs, and so faces, in the browser
        "share": False,
        "enable_monitoring": False,
        "ssr_mode": False,
        "pwa": False,
        "max_file_size": MAX_BYTES,
        "show_error": False,
        "quiet": True,
    }
