"""Who may do what: people, their zones, and the keys of integrations."""
