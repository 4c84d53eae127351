"""Where things are: the checkout, its private folder, and the cache that all checkouts share."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STACK = ROOT / ".stack"
ADDONS = ROOT / "odoo_addons"
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "lockgate"
