from odoo.addons.lockgate_stock.models.lockgate_channel_sweep import AT_ONCE
from odoo.tools import split_every


def post_init_hook(env):
    """Give the kits that are listed already their parts."""
    listings = env["lockgate.listing"].with_context(active_test=False).search([])
    for some in split_every(AT_ONCE, listings.ids, listings.browse):
        env["lockgate.outbox"]._mark_listings("stock", some._stand().ids, "kits are followed from now on")


def uninstall_hook(env):
    """Let every listing stand on its own product again: without this add-on a kit has no parts."""
    env.cr.execute(
        """
        WITH parts AS (
            DELETE FROM lockgate_standing s USING lockgate_listing l
                  WHERE l.id = s.listing_id AND l.product_id <> s.product_id
        )
        UPDATE lockgate_standing SET quantity = 1 WHERE quantity = 0 RETURNING listing_id
        """
    )
    kits = [listing_id for (listing_id,) in env.cr.fetchall()]
    env["lockgate.outbox"]._mark_listings("stock", kits, "kits are not followed any more")
