"""The conversation without input and output: bytes in, frames and messages out, and queues."""
