"""What stands below a table, in the report as in a terminal."""

from metarec.evaluation.protocol.caveats import attainable_shares
from metarec.evaluation.report.words import as_percent
from metarec.evaluation.statistics.results import Results


def attainable_of(results: Results) -> list[dict[str, str]]:
    """What share of each scenario's query events lists could hold."""
    return [
        {"scenario": row["scenario"], "share": as_percent(row["share"])}
        for row in attainable_shares(results).to_dicts()
    ]


def shared_notes(results: Results) -> list[str]:
    """What a reader must know of a row, in the report as in a terminal."""
    models = results.protocol.get("models", {})
    notes = [
        f"{name} cannot serve a person who was not in training by itself."
        for name, facts in models.items()
        if not facts["serves_new_users"]
    ]
    shown = [name for name, facts in models.items() if facts.get("exclude_seen") is False]
    if shown:
        named = ", ".join(shown)
        others = "those of the others leave it out" if len(shown) < len(models) else "all do"
        notes.append(f"Lists of {named} show what people had before; {others}.")
    return notes
