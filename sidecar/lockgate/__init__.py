"""Lockgate's sidecar: moves what Odoo decided to the channels, and brings back what they show."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("lockgate")
except PackageNotFoundError:  # run from a checkout that is not installed
    __version__ = "0+source"
