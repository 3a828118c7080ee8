"""Written policies, harm areas, and the action ladder: what is wrong, how bad it is, what may be done."""
