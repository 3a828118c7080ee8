"""Written policies on pages: read by everybody who decides, changed by those who write them."""
