"""Root causes: slices whose items err more often, with significance that survives the search."""

from tidegate.measure.causes.find import Causes, find_causes
from tidegate.measure.causes.finding import Finding
from tidegate.measure.causes.predicates import Predicate, Predicates, predicates

__all__ = ["Causes", "Finding", "Predicate", "Predicates", "find_causes", "predicates"]
