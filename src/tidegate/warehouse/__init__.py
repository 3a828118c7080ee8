"""Tables at rest: readers that stream and reject, files for people and machines, SQL over a run.

What the tables hold is said in `tidegate.tables`; when they are read and written, in `runs`.
"""

from tidegate.warehouse.ask import query
from tidegate.warehouse.batch import Batch
from tidegate.warehouse.groups import read_groups
from tidegate.warehouse.labels import read_labels
from tidegate.warehouse.parts import join_parts, write_part
from tidegate.warehouse.read import read_items
from tidegate.warehouse.rejects import Reject, RejectWriter
from tidegate.warehouse.sheets import as_written, guarded, write_csv_for_people
from tidegate.warehouse.whole import written_whole

__all__ = [
    "Batch",
    "Reject",
    "RejectWriter",
    "as_written",
    "guarded",
    "join_parts",
    "query",
    "read_groups",
    "read_items",
    "read_labels",
    "write_csv_for_people",
    "write_part",
    "written_whole",
]
