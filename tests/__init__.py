"""Tests of igtl; their folders mirror `src/igtl`."""
