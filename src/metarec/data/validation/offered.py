"""The column `offered` of an item file: what cannot be understood is reported with its row."""

from metarec.contracts.offered import COLUMN, EXPECTED, FIX, offered, says_something
from metarec.data.validation.problems import Check, Report
from metarec.data.validation.table import Table


def with_offered(table: Table, report: Report) -> Table:
    """The rows whose `offered` can be understood, as Boolean; another type is reported."""
    kind = table.frame.schema.get(COLUMN)
    if kind is None:
        return table
    understood = offered(kind)
    if understood is None:
        own = table.names.get(COLUMN, COLUMN)
        report.fail(table.file, f"type {kind}", EXPECTED, FIX, own)
        return table.with_frame(table.frame.drop(COLUMN))
    bad = says_something(kind) & understood.is_null()
    kept = report.sift(table, [Check("neither offered nor not", COLUMN, bad, EXPECTED, FIX)])
    return kept.with_frame(kept.frame.with_columns(understood))
