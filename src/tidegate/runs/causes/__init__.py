"""Root causes of a run: where it leaks, where it over-kills, and which change a backtest confirms."""
