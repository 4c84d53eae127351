"""The private stack: PostgreSQL, Redis, Odoo 19, a shop and the sidecar, for the demo, the tests and the bench."""
