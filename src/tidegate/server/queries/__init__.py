"""Queries of analysts in SQL over what the service knows: reading only, of their zones, in bounds."""
