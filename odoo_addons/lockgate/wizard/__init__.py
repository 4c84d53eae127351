from . import integration_key
from . import incarnation
from . import exception_decision
from . import replay
from . import listing_rule_preview
