{
    "name": "Bench Peer",
    "version": "19.0.1.0.0",
    "summary": "What a connector on queue_job does, in its smallest form, to be measured beside Lockgate",
    "author": "Lockgate",
    "license": "LGPL-3",
    "depends": ["queue_job"],
    "data": ["security/ir.model.access.csv"],
}
