from . import test_open_sessions
