"""Faults of accessibility that axe-core finds on a page."""

from __future__ import annotations

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

SCOPE = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


def faults(page: Page) -> list[str]:
    """One line a fault: the rule, how grave it is, what it says, and where on the page."""
    found = Axe().run(page, options=SCOPE).response["violations"]
    return [
        f"{fault['id']} ({fault['impact']}): {fault['help']}: {node['target']}"
        for fault in found
        for node in fault["nodes"]
    ]


def too_wide(page: Page) -> int:
    """By how many pixels the page is wider than its window; 0 where it fits."""
    return int(page.evaluate("document.documentElement.scrollWidth - window.innerWidth"))
