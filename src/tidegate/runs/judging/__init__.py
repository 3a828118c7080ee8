"""Trying a judge: on golden cases, against another, on texts laid out otherwise, and on items that give
orders."""
