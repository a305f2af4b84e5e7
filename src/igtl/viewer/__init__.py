"""What people look at: who sends what, how it goes, and what it says; for a page or a terminal.

statistics   counts of each type of each device, by headers
standing     whether a device is live, silent, stale or bad, and why
board        connections and their devices, counted by many threads, as values of JSON
summary      one line for people about a message
plain        a message as values of JSON
"""
