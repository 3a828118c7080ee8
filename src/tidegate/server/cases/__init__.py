"""Cases: finding items, and all that is known of one: its history, why it was decided so."""
