from . import test_kits, test_random_kits, test_standing, test_warehouse_day
