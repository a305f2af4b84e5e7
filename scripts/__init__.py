"""What the Makefile and the build of the package run; standard library only."""
