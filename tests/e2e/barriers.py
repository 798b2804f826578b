"""What keeps people from using a page: as axe-core finds it, and on a way with the keyboard."""

from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page

_GRAVE = ("serious", "critical")
_CONTRAST = {"runOnly": {"type": "rule", "values": ["color-contrast"]}}
_MOST_STEPS = 60  # on a way with the Tab key; a view has half as many stops

# What the keyboard is at. Its frame has to be seen: two px at least, on something in the window,
# and three of its sides not cut off by what is around it.
_FOCUS = """() => {
    const at = document.activeElement;
    const { outlineStyle, outlineWidth, outlineColor, outlineOffset } = getComputedStyle(at);
    const { width, height, left, top, right, bottom } = at.getBoundingClientRect();
    const out = parseFloat(outlineOffset) + parseFloat(outlineWidth) - 1;
    let sides = [1, 1, 1, 1];
    for (let around = at.parentElement; around; around = around.parentElement) {
        if (getComputedStyle(around).overflow === "visible") continue;
        const frame = around.getBoundingClientRect();
        const inside = [
            left - out >= frame.left, top - out >= frame.top,
            right + out <= frame.right, bottom + out <= frame.bottom,
        ];
        sides = sides.map((side, number) => side && inside[number]);
    }
    return {
        body: at === document.body,
        framed: outlineStyle === "solid" && parseFloat(outlineWidth) >= 2
            && !outlineColor.endsWith(", 0)") && sides.filter(Boolean).length >= 3,
        shown: at.checkVisibility({ opacityProperty: true, visibilityProperty: true })
            && width * height > 0 && bottom > 0 && top < innerHeight,
        what: at.outerHTML.slice(0, 200),
    };
}"""


def barriers(page: Page, *, contrast_only: bool = False) -> list[str]:
    """Grave violations of axe-core's rules: the rule, where, and what is wrong."""
    options: dict[str, Any] = {"resultTypes": ["violations"]}
    found = Axe().run(page, options=options | (_CONTRAST if contrast_only else {}))
    return [
        f"{rule['id']} at {node['target']}: {node['failureSummary']}"
        for rule in found.response["violations"]
        if rule["impact"] in _GRAVE
        for node in rule["nodes"]
    ]


def dressed(page: Page, scheme: str, width: int, height: int) -> None:
    """Give the page another scheme and size, and wait until it has both."""
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
    page.set_viewport_size({"width": width, "height": height})
    page.wait_for_function(
        """([dark, width]) => document.body.classList.contains("dark") === dark
            && document.documentElement.clientWidth === width
            && document.getAnimations().every((one) => one.playState !== "running")""",
        arg=[scheme == "dark", width],
    )
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 100)))")


def walk(page: Page, goal: Locator, key: str = "Tab") -> list[str]:
    """Press `key` until `goal` has the focus; what was passed on the way.

    Every stop has to be seen, and none may be one that the key does not leave.
    """
    passed = list[str]()
    while not goal.evaluate("(goal) => goal === document.activeElement"):
        assert len(passed) < _MOST_STEPS, passed
        page.keyboard.press(key)
        at = page.evaluate(_FOCUS)
        if at["body"]:  # the end of the page; the next stop is its beginning
            assert passed[-1:] != ["the end"], "the focus got lost"
            passed.append("the end")
            continue
        assert at["shown"], at["what"]
        assert at["framed"], at["what"]
        assert passed[-1:] != [at["what"]], f"no way on from {at['what']}"
        passed.append(at["what"])
    return passed
