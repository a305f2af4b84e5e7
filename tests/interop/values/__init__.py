"""The values of the golden messages, in one file for each C++ file that writes them."""
