"""The private stack: PostgreSQL, Redis, Odoo 19, a shop and the sidecar, for demo, tests and bench."""
