from __future__ import annotations
def differences_of(table, labels, confidence): return None
