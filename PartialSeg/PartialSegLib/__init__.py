"""What the module knows about MRML: volumes, segments, and the way to the engine and back."""
