from . import test_kits, test_manufacturing, test_random_kits, test_standing, test_warehouse_day
