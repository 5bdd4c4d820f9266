"""How fast networks enlarge frames, beside those of others and the most that the machine can do."""
