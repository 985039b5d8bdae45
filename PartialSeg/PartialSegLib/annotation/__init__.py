"""What an annotation says, and what follows from it."""
