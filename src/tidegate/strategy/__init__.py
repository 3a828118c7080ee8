"""The strategy language: rules over signals, tried from top to bottom; the first that matches decides."""
