"""From a file of scores to the cost curve of a cascade, and the rules that are worth writing."""
