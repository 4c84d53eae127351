from . import integration_key
from . import incarnation
