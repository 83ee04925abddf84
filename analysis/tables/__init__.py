"""Tables: pure functions from the tidy table to what is found in it, with intervals. No figure, no page, no file."""
