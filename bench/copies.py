"""Rows in plenty, copied in SQL from one that Odoo made."""


def copy_row(env, record, count: int, **values) -> list[int]:
    """Insert `count` copies of `record`, with `values` ({column: one value a copy}); returns their ids."""
    columns = [
        name
        for name, field in record._fields.items()
        if field.store and field.column_type and name not in {"id", *values}
    ]
    own = [f"(%(own_{name})s)[number]" for name in values]
    env.cr.execute(
        f"""
        INSERT INTO {record._table} ({", ".join([*columns, *values])})
        SELECT {", ".join([*(f"original.{name}" for name in columns), *own])}
          FROM {record._table} original, generate_series(1, %(count)s) number
         WHERE original.id = %(id)s ORDER BY number RETURNING id
        """,
        {"id": record.id, "count": count, **{f"own_{name}": each for name, each in values.items()}},
    )
    return [row_id for (row_id,) in env.cr.fetchall()]
