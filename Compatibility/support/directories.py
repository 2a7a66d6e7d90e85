"""What a data directory holds, and servers that must not start on it."""

import hashlib

from support.server import READY_SECONDS, martlet, serve_arguments


def snapshot(directory):
    """Every file with its content, mode and time of change."""
    found = {}
    for path in sorted(directory.rglob("*")):
        status = path.lstat()
        content = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else None
        found[str(path.relative_to(directory))] = (content, status.st_mode, status.st_mtime_ns)
    return found


def refuses_to_start(data_dir, *flags):
    """Runs `serve` where it must not start: exit code 3 and one sentence, which is given back."""
    done = martlet(*serve_arguments(data_dir, *flags), timeout=READY_SECONDS)
    assert done.returncode == 3, (done.returncode, done.stderr)
    assert done.stdout == ""
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    return done.stderr
