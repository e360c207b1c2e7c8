"""How it is told: one file per format, each a function from values to text or to files."""
