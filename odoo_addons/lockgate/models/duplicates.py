"""What to say of a key that is there twice. The database has refused it, and the cursor is whole again."""

import re


def code_twice(env, diagnostics):
    """Of two channels with one code."""
    code = _key(diagnostics)[-1]
    channels = env["lockgate.channel"].sudo().with_context(active_test=False)
    other = channels.search([("code", "=", code)], limit=1)
    if not other:
        return env._("The code %s is there twice: each channel needs one of its own.", code)
    return env._(
        "Channel %(channel)s has the code %(code)s already: choose another one. An archived channel keeps "
        "its code.",
        channel=other.name,
        code=code,
    )


def listed_twice(env, diagnostics, name):
    """Of two listings of one channel with one SKU, or with one reference: `name` says which of these."""
    channel_id, value = _key(diagnostics)
    listings = env["lockgate.listing"].sudo()
    other = listings.search([("channel_id", "=", int(channel_id or 0)), (name, "=", value)], limit=1)
    terms = {
        "name": listings._fields[name]._description_string(env),
        "value": value,
        "channel": env["lockgate.channel"].sudo().browse(int(channel_id or 0)).exists().name or "",
        "product": other.product_id.display_name,
    }
    if not other:
        return env._(
            "%(name)s %(value)s is there twice for channel %(channel)s, which knows each once: leave one.",
            **terms,
        )
    return env._(
        "%(name)s %(value)s is already listed on channel %(channel)s, for %(product)s: archive that listing, "
        "or choose another one.",
        **terms,
    )


def _key(diagnostics):
    """[channel id, value] of a key, both '' if unknown; of a key without a channel, its id is ''.

    PostgreSQL's detail is like "Key (channel_id, sku)=(7, BARGE) already exists.", in its own language.
    """
    found = re.search(r"\)=\((?:(\d+), )?(.*)\)", (diagnostics and diagnostics.message_detail) or "")
    return [part or "" for part in found.groups()] if found else ["", ""]
