"""Small disks that really are full, fail or are read-only. They need the right to mount, and say so where there is none."""

import os
import subprocess
from pathlib import Path

import pytest

MEGABYTE = 1 << 20


def run(*command):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=30)
    if done.returncode:
        raise OSError(f"{' '.join(map(str, command))}: {done.stderr.strip() or done.returncode}")
    return done.stdout.strip()


def or_skip(step):
    try:
        return step()
    except (OSError, FileNotFoundError) as error:
        pytest.skip(f"a disk of its own cannot be mounted here: {error}")


class SmallDisk:
    """A tmpfs of so many megabytes at this place."""

    def __init__(self, place, megabytes):
        self.path, self.megabytes = Path(place), megabytes

    def __enter__(self):
        self.path.mkdir()
        or_skip(lambda: run("mount", "-t", "tmpfs", "-o", f"size={self.megabytes}m,mode=700", "tmpfs", self.path))
        return self

    def __exit__(self, *failure):
        run("umount", "-l", self.path)

    @property
    def ballast(self):
        return self.path / "ballast"

    @property
    def free(self):
        """Bytes that are left."""
        found = os.statvfs(self.path)
        return found.f_bavail * found.f_frsize

    def load(self, size):
        """A file that takes this much; it can be thrown off."""
        with open(self.ballast, "ab") as file:
            os.posix_fallocate(file.fileno(), os.fstat(file.fileno()).st_size, size)

    def fill(self):
        """Not a page is left, however often somebody else frees one meanwhile."""
        with open(self.ballast, "ab") as file:
            size = MEGABYTE
            while size >= 4096:
                try:
                    os.posix_fallocate(file.fileno(), os.fstat(file.fileno()).st_size, size)
                except OSError:
                    size //= 2

    def throw_off(self):
        self.ballast.unlink()


class FailingDisk:
    """An ext4 without a journal in a file whose own disk may be full: then syncs fail with EIO, until there is room."""

    def __init__(self, place, megabytes, under_megabytes):
        self.path = Path(place)
        self.megabytes, self.under = megabytes, SmallDisk(self.path.with_name("under"), under_megabytes)
        self.device = None

    def __enter__(self):
        self.under.__enter__()
        try:
            or_skip(self._mount)
        except BaseException:
            self.__exit__()
            raise
        return self

    def _mount(self):
        image = self.under.path / "image"
        with open(image, "wb") as file:
            file.truncate(self.megabytes * MEGABYTE)
        run("mkfs.ext4", "-q", "-m", "0", "-O", "^has_journal", "-E", "nodiscard,lazy_itable_init=0", image)
        self.path.mkdir()
        self.device = run("losetup", "-f", "--show", image)
        run("mount", "-o", "errors=continue,nodiscard", self.device, self.path)

    def __exit__(self, *failure):
        if self.device:
            subprocess.run(["umount", "-l", str(self.path)], capture_output=True, timeout=30)
            run("losetup", "-d", self.device)
        self.under.__exit__()

    def fail(self):
        self.under.fill()

    def heal(self):
        self.under.throw_off()

    def become_read_only(self):
        """As the system makes it when it finds an error, with files open for writing; this lasts until the next mount."""
        run("mount", "-o", "remount,errors=remount-ro", self.path)
        place = Path("/sys/fs/ext4") / Path(self.device).name / "trigger_fs_error"
        or_skip(lambda: place.write_text("1"))
        probe = self.path / "probe"
        try:
            probe.write_text("")
        except OSError:
            return
        pytest.skip("the system does not make a disk read-only here")

    def mount_again(self):
        run("umount", self.path)
        subprocess.run(["e2fsck", "-p", "-f", self.device], capture_output=True, timeout=30)
        run("mount", "-o", "errors=continue,nodiscard", self.device, self.path)
