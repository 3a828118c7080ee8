"""Views for analysts, and the roles of PostgreSQL that read them, each of its zones alone."""
