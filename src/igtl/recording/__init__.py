"""Recordings: everything that came, as it came, in one file; read, mended and played again."""
