"""What a training is told to do, refused before it starts where that cannot be."""
