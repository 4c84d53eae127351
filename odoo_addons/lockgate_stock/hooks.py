def uninstall_hook(env):
    """Leave no stock to be sent: nobody would keep it true any more.

    What a channel was told stays in its publications and attempts; so does a lease that is out, whose
    result is still taken.
    """
    env.cr.execute("DELETE FROM lockgate_outbox WHERE aspect = 'stock'")
    env.cr.execute(
        """
        UPDATE lockgate_publication
           SET wanted = NULL, recheck_at = NULL, due_at = NULL,
               state = CASE WHEN state = 'leased' THEN state ELSE 'settled' END
         WHERE aspect = 'stock'
        """
    )
