"""What people and programs read: progress lines, diffs, summaries, JSON."""
