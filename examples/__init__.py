"""What others can do with the engines: a folder an example, run from a clone."""
