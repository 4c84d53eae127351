from . import test_fiscal_position
