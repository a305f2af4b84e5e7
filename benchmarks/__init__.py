"""igtl beside the C++ reference library, pyigtl and raw sockets: ``python -m benchmarks``."""
