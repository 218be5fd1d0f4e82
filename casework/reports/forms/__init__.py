"""What may be typed at each door, and how it becomes facts."""
