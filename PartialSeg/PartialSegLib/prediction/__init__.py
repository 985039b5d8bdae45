"""What a model says, and how it becomes an annotation."""
