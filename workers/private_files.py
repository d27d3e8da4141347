"""Folders that only this user can enter, and socket paths short enough for the kernel."""

import hashlib
import os
import stat
import tempfile
from pathlib import Path

SOCKET_PATH_BYTES = 100  # sockaddr_un holds 108 bytes on Linux and 104 on macOS, the final zero included


class SocketPathTooLong(Exception):
    """No folder at hand has a path short enough for a unix socket."""


def private_folder(folder: Path) -> None:
    """Make the folder with mode 0700, or make sure that it is ours alone.

    Raises
    ------
    PermissionError
        If it belongs to someone else, is a link, or is open to others and in use: it may well be meant to be.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        raise PermissionError(f"{folder} must be a folder that belongs to the user who runs this.")
    if stat.S_IMODE(found.st_mode) & 0o077:
        if any(folder.iterdir()):
            raise PermissionError(f"{folder} is open to others. If nobody else needs it: chmod 700 {folder}")
        folder.chmod(0o700)


def short_path(folder: Path, name: str) -> Path:
    """`folder / name`, or if that does not fit a socket, the same name in a private folder elsewhere."""
    key = hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
    substitute = f"minnorm-{os.geteuid()}-{key}"
    homes = (folder, Path(tempfile.gettempdir(), substitute), Path("/tmp", substitute))  # noqa: S108 (is private)
    for home in homes:
        if len(os.fsencode(home / name)) <= SOCKET_PATH_BYTES:
            return home / name
    raise SocketPathTooLong(f"No short enough path for the socket {name} of {folder}.")
