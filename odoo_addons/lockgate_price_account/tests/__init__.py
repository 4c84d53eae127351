from . import test_fiscal_position, test_tax
