-- A copy of a database must never reach real shops: its channels stand still, and the sidecar of the
-- original is refused by the incarnation.
UPDATE lockgate_channel
   SET state = 'frozen', frozen_by_rule = NULL  -- no rule may resume it
 WHERE state IN ('running', 'frozen');

UPDATE lockgate_reconciliation
   SET state = 'stopped', ended_at = now() AT TIME ZONE 'UTC'
 WHERE state IN ('running', 'paused');

INSERT INTO ir_config_parameter (key, value)
     VALUES ('lockgate.incarnation', '2')
ON CONFLICT (key) DO UPDATE SET value = (ir_config_parameter.value::int + 1)::text;
