"""Each category of exceptions has a runbook page, named as the form names it, and no page is left over."""

import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = ROOT / "docs" / "runbooks"
SOURCE = ROOT / "odoo_addons" / "lockgate" / "models" / "exception_category.py"

spec = importlib.util.spec_from_file_location("exception_category", SOURCE)
category = importlib.util.module_from_spec(spec)
spec.loader.exec_module(category)


@pytest.mark.parametrize(("key", "label"), category.CATEGORIES)
def test_a_category_has_a_page_that_says_how_grave_it_is_and_what_to_do(key, label):
    text = (PAGES / f"{key}.md").read_text()
    severity = dict(category.SEVERITIES)[category.SEVERITY[key]]
    assert text.startswith(f"# {label}\n\n*Severity: {severity}.* ")
    assert "\n## What to do\n\n1. " in text
    index = (PAGES / "README.md").read_text()
    assert f"| [{label}]({key}.md) | {severity} |" in index


def test_no_page_is_left_over():
    pages = {page.stem for page in PAGES.glob("*.md")} - {"README"}
    assert pages == {key for key, _label in category.CATEGORIES}
