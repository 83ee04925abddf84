"""What the questions are asked with: cases, checks, interleaved pairs, single times. Nothing here is a benchmark."""
