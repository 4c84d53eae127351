"""Each category of exceptions has a runbook page, named as the form names it, and no page is left over."""

import importlib.util
from pathlib import Path

import pytest

from stack import runbooks

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


def test_odoo_serves_the_pages_as_they_are_here():
    pages = {path: path.read_text() for path in runbooks.SERVED.iterdir()}
    assert pages == runbooks.served(), "a runbook has changed: run `make runbooks`"


def test_a_served_page_has_no_link_that_leads_nowhere():
    for path, text in runbooks.served().items():
        assert "href=" not in text, path.name
