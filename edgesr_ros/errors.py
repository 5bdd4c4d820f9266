"""The one exception for mistakes of the user or faults of the input."""


class InputError(ValueError):
    """Something given to us is wrong: a file, a message, a parameter.

    The text is one line that says what is wrong, where, and what was expected. Commands and nodes
    print it without a traceback.
    """
