"""igtl with programs that others wrote: the OpenIGTLink C++ library and its examples."""
