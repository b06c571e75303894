"""Prints an event stream with Python's standard library, line by line."""

import sys
import urllib.request

with urllib.request.urlopen(sys.argv[1]) as response:
    for line in response:
        print(line.decode().rstrip("\n"))
