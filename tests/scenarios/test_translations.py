"""Translators have every text that the add-ons show: their templates are what Odoo exports now."""

import polib

from stack.paths import ADDONS
from stack.translations import export


def texts(file):
    return {entry.msgid for entry in polib.pofile(str(file))}


def test_the_templates_have_every_text_and_no_other(stack, tmp_path):
    output = tmp_path / "all.po"
    export(stack.odoo.configuration, stack.odoo.database, "--languages", "pot", "--output", str(output))
    kept = set().union(*(texts(file) for file in ADDONS.glob("*/i18n/*.pot")))
    assert texts(output) - kept == set(), "run `make translations`"
    assert kept - texts(output) == set(), "run `make translations`"
