"""What the two files of a test report hold: patterns, in two chunks each."""

PICTURES = {
    "item-plain": [b"goldfish" * 4000, b"pond" * 100],
    "item-whole": [bytes(range(256)) * 300, b"end"],
}
