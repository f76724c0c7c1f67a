"""Fit rows to the columns that a dataset has, and let a dataset grow new ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from algotrendy.kernel.errors import Invalid

if TYPE_CHECKING:
    from arro3.core import Field, Table
    from deltalake import DeltaTable

_OPTIONAL = "algotrendy.optional"


def optional_field(name: str, kind: Any) -> Field:
    """Describe a column that later writes may leave out; their rows read as null there.

    Args:
        name: Name of the column.
        kind: Its arro3 data type.
    """
    from arro3.core import Field as ArrowField

    return ArrowField(name, kind, nullable=True, metadata={_OPTIONAL: "true"})


def fitted(dataset: str, columns: Table, table: DeltaTable) -> tuple[Table, bool]:
    """Put rows into the order of a dataset's columns, and say whether they bring new ones.

    Columns that the dataset does not have yet come last, and are optional from then on.

    Raises:
        Invalid: If a column that every row needs is missing, if one has another type, or if a new
            one may not be null.
    """
    from arro3.core import Array, ChunkedArray
    from arro3.core import Schema as ArrowSchema
    from arro3.core import Table as ArrowTable
    from deltalake import Schema as DeltaSchema

    schema = table.schema()
    coming = {field.name: field for field in DeltaSchema.from_arrow(columns.schema).fields}
    stored = {field.name: field for field in schema.fields}
    as_stored = ArrowSchema.from_arrow(schema.to_arrow())
    fields: list[Field] = []
    parts: list[ChunkedArray] = []
    for name, field in stored.items():
        given = coming.get(name)
        if given is None:
            if _OPTIONAL not in field.metadata:
                raise _unfit(dataset, f"no column {name}")
            kind = as_stored.field(name).type
            nulls = Array([None] * columns.num_rows, kind)
            fields.append(optional_field(name, kind))
            parts.append(ChunkedArray([nulls]))
            continue
        if given.type != field.type:
            raise _unfit(dataset, f"{name} as {_words(given.type)}, not {_words(field.type)}")
        fields.append(columns.schema.field(name))
        parts.append(columns.column(name))
    new = [name for name in coming if name not in stored]
    for name in new:
        if not coming[name].nullable:
            raise _unfit(dataset, f"a new column {name} that may not be null")
        fields.append(optional_field(name, columns.schema.field(name).type))
        parts.append(columns.column(name))
    return ArrowTable.from_arrays(parts, schema=ArrowSchema(fields)), bool(new)


def _unfit(dataset: str, found: str) -> Invalid:
    return Invalid(dataset, "rows with the dataset's columns", found)


def _words(kind: Any) -> str:
    return str(getattr(kind, "type", kind))
