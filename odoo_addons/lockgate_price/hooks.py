from odoo.addons.lockgate.hooks import let_go


def uninstall_hook(env):
    """Leave nothing behind: what the core keeps of prices, and the function behind the triggers."""
    env.cr.execute("DELETE FROM lockgate_outbox WHERE aspect = 'price'")
    env.cr.execute("DELETE FROM lockgate_publication WHERE aspect = 'price'")
    env.cr.execute("DROP FUNCTION IF EXISTS lockgate_price_refuse_change() CASCADE")
    let_go(env, "lockgate_price")
    env.invalidate_all()
