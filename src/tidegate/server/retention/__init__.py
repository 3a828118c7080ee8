"""How long content is kept, what is on hold, and erasing so that statistics stay whole."""
