"""Tidegate: the control room for moderation automation."""
