"""Sequence files of PLUS and 3D Slicer: images and poses over time, frame by frame."""
