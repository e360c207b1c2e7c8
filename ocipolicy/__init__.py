"""ocipolicy."""
