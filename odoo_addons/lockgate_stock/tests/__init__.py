from . import test_channel, test_exposure, test_hooks, test_marks, test_random, test_turn
