"""The one exception for mistakes of the user or faults of the input."""

import errno


class InputError(ValueError):
    """Something given to us is wrong: a file, a message, a parameter.

    The text is one line that says what is wrong, where, and what was expected. Commands and nodes
    print it without a traceback.
    """


_DISK = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO}


def disk_error(error: OSError) -> InputError | None:
    """A full, read-only or broken disk as one line with the system's reason; None: another fault."""
    if error.errno not in _DISK:
        return None
    where = f"{error.filename}: " if error.filename else ""
    return InputError(f"{where}cannot be written or read ({error.strerror})")
