"""The worst of a price and its quantity breaks, in SQL: what impact, policies and checks of seals look at.

With breaks a price is a step by quantity. It is compared with the one in force at every quantity from which
either has another price, so that no break goes unseen: neither a new one nor one that is gone.
"""


def _at(breaks, amount):
    return f"""coalesce((SELECT (step->>'amount')::numeric FROM jsonb_array_elements({breaks}) step
                          WHERE (step->>'minimum')::numeric <= (quantity->>'minimum')::numeric
                       ORDER BY (step->>'minimum')::numeric DESC LIMIT 1), {amount})"""


def _change(new, old):
    return f"({new} - {old}) / nullif({old}, 0)"


def worst_of(amount, breaks, old_amount, old_breaks):
    """SQL, for LATERAL, of a price and the one that it replaces, both of one unit in one currency.

    `lowest`: the lowest price at any quantity. `fall`, `rise`: the lowest and the highest change at any, as
    parts of one; null where there is no old price.
    """
    return f"""
        (SELECT least({amount}, min(at.new)) AS lowest,
                least({_change(amount, old_amount)}, min({_change("at.new", "at.old")})) AS fall,
                greatest({_change(amount, old_amount)}, max({_change("at.new", "at.old")})) AS rise
           FROM jsonb_array_elements(coalesce({breaks}, '[]') || coalesce({old_breaks}, '[]')) quantity
     CROSS JOIN LATERAL (SELECT {_at(breaks, amount)} AS new, {_at(old_breaks, old_amount)} AS old) at)"""
