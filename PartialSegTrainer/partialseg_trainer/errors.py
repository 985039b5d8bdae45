"""The one error for what a user can put right."""


class UserError(ValueError):
    """Bad input, said in one sentence.

    The message names the file or field, what was found, what was expected and what to do. The
    command line prints it and exits with code 2; the Slicer module shows it as it is.
    """
