"""The verbs of the command `partialseg`, one a file; they import the rest when called."""
