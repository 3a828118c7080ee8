"""One module per verb; each holds `command`."""
