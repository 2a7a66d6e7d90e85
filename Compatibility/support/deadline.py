"""Waiting with an end: a test never sleeps in the hope that something has happened by then."""

import time

POLL_SECONDS = 0.01


def wait_until(condition, what, timeout=10):
    """Asks again until `condition()` is true, and gives that value back; fails naming `what`."""
    end = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < end, f"not within {timeout} s: {what() if callable(what) else what}"
        time.sleep(POLL_SECONDS)
