"""A CSV file is taken whole, or every bad line is named."""

from __future__ import annotations

import gzip
import io
import subprocess
import sys
from pathlib import Path

import pytest

from algotrendy.kernel.errors import Invalid, InvalidRows
from algotrendy.market_data.csv_rows import read_csv
from algotrendy.market_data.rows import ValidRows
from algotrendy.market_data.series import session_date

HEADER = "date,open,high,low,close,volume\n"
GOOD = "2024-01-02,10,12,9,11,1000\n"


def read(text: str, **options: object) -> ValidRows:
    return read_csv(io.StringIO(text), **options)  # type: ignore[arg-type]


def faults(text: str, **options: object) -> list[tuple[int, str, str]]:
    with pytest.raises(InvalidRows) as caught:
        read(text, **options)
    return [(row.line, row.field, row.reason) for row in caught.value.rows]


def test_a_good_row_becomes_a_bar_at_midnight_utc_of_its_session() -> None:
    rows = read(HEADER + GOOD)
    assert rows.times == (1_704_153_600_000_000_000,)
    assert (rows.open, rows.high, rows.low, rows.close) == ((10.0,), (12.0,), (9.0,), (11.0,))
    assert (rows.volume, rows.factor) == ((1000.0,), (1.0,))


@pytest.mark.parametrize(
    ("row", "field", "reason"),
    [
        ("2024-01-02,ten,12,9,11,1", "open", "'ten' is not a number"),
        ("2024-01-02,1_0,12,9,11,1", "open", "'1_0' is not a number"),
        ("2024-01-02,,12,9,11,1", "open", "is empty"),
        ("2024-01-02,10,nan,9,11,1", "high", "nan is not a finite number"),
        ("2024-01-02,10,inf,9,11,1", "high", "inf is not a finite number"),
        ("2024-01-02,10,1e999,9,11,1", "high", "1e999 is not a finite number"),
        ("2024-01-02,10,12,0,11,1", "low", "0.0 is not above 0"),
        ("2024-01-02,10,12,9,-11,1", "close", "-11.0 is not above 0"),
        ("2024-01-02,10,1e300,9,11,1", "high", "1e+300 is not in 1e-09 to 1e+12"),
        ("2024-01-02,10,12,1e-300,11,1", "low", "1e-300 is not in 1e-09 to 1e+12"),
        ("2024-01-02,10,9,12,11,1", "high", "9.0 is below low 12.0"),
        ("2024-01-02,13,12,9,11,1", "open", "13.0 is outside low 9.0 to high 12.0"),
        ("2024-01-02,10,12,9,8,1", "close", "8.0 is outside low 9.0 to high 12.0"),
        ("2024-01-02,10,12,9,11,-1", "volume", "-1.0 is below 0"),
        ("2024-01-02,10,12,9,11,1e19", "volume", "1e+19 is above 1e+18"),
        (",10,12,9,11,1", "date", "is empty"),
        ("01/02/2024,10,12,9,11,1", "date", "'01/02/2024' is not a date like YYYY-MM-DD"),
        ("2024-02-30,10,12,9,11,1", "date", "'2024-02-30' is not a date like YYYY-MM-DD"),
        ("1600-01-04,10,12,9,11,1", "date", "1600-01-04 is not in the years 1800 to 2199"),
        (
            "2024-01-02T09:30:00,10,12,9,11,1",
            "date",
            "2024-01-02T09:30:00 is not a date: a daily bar has no time of day",
        ),
        ("2024-01-02,10,12,9,11", "row", "has 5 cells where the header has 6"),
        ("2024-01-02,10,12,9,11,1,7", "row", "has 7 cells where the header has 6"),
    ],
)
def test_a_bad_row_is_named_by_line_field_and_reason(row: str, field: str, reason: str) -> None:
    text = HEADER + "2023-12-29,10,12,9,11,1000\n" + row + "\n"
    assert faults(text) == [(3, field, reason)]


def test_one_bad_row_refuses_the_whole_file() -> None:
    with pytest.raises(InvalidRows, match=r"prices\.csv has 1 bad row; first: line 3: open is"):
        read(HEADER + GOOD + "2024-01-03,,12,9,11,1\n", name="prices.csv")


def test_every_fault_of_a_row_and_every_bad_row_is_reported_in_file_order() -> None:
    text = HEADER + "2024-01-02,x,12,y,11,1\n" + GOOD + "2024-01-03,10,12,9,11,-5\n"
    assert [(line, field) for line, field, _ in faults(text)] == [
        (2, "open"),
        (2, "low"),
        (4, "volume"),
    ]


def test_of_equal_dates_the_later_lines_are_bad_and_name_the_first() -> None:
    text = HEADER + GOOD + "2024-01-03,10,12,9,11,1\n" + GOOD + "2024-01-02 00:00,1,1,1,1,1\n"
    reason = "is already on line 2"
    assert faults(text) == [(4, "date", reason), (5, "date", reason)]


def test_unordered_rows_are_put_in_order() -> None:
    rows = read(HEADER + "2024-01-04,3,3,3,3,3\n" + "2024-01-02,1,1,1,1,1\n2024-01-03,2,2,2,2,2\n")
    assert rows.close == (1.0, 2.0, 3.0)
    assert list(rows.times) == sorted(rows.times)


def test_a_file_without_rows_is_refused() -> None:
    assert faults(HEADER) == [(1, "rows", "are missing: there is no bar")]
    assert faults("") == [(1, "file", "is empty")]
    assert faults("\n\n") == [(1, "file", "is empty")]


def test_missing_columns_are_all_named_with_those_there_are() -> None:
    found = faults("Date,Open,High,Close\n")
    assert [field for _, field, _ in found] == ["low", "volume"]
    assert found[0][2] == "has no column; there are Date, Open, High, Close"


def test_two_columns_for_one_field_are_refused_until_one_is_chosen() -> None:
    text = "date,time,open,high,low,close,volume\n2024-01-02,x,10,12,9,11,1\n"
    assert faults(text) == [(1, "date", "could be 'date' and 'time'")]
    assert len(read(text, columns={"date": "date"})) == 1


@pytest.mark.parametrize(
    "header",
    [
        "DATE,OPEN,HIGH,LOW,CLOSE,VOLUME",
        " Date , Open , High , Low , Close , Volume ",
        "timestamp,o,h,l,c,v",
        '"Date","Open","High","Low","Close","Volume"',
    ],
)
def test_headers_are_recognised_in_any_case_and_dress(header: str) -> None:
    assert read(header + "\n" + GOOD).close == (11.0,)


def test_columns_may_stand_in_any_order_among_others() -> None:
    rows = read("volume,x,close,low,high,open,date\n1000,?,11,9,12,10,2024-01-02\n")
    assert (rows.open, rows.low, rows.volume) == ((10.0,), (9.0,), (1000.0,))


def test_a_column_of_another_name_is_mapped_and_a_wrong_mapping_refused() -> None:
    text = "day*,open,high,low,last,volume\n" + GOOD
    assert read(text, columns={"date": "day*", "close": "last"}).close == (11.0,)
    assert faults(text, columns={"date": "day*", "close": "Last"})[0][1] == "close"
    with pytest.raises(Invalid, match="columns must be one of date, open"):
        read(text, columns={"price": "last"})


def test_dates_of_another_format_are_read_when_it_is_given() -> None:
    rows = read(HEADER + "3/1/2013,10,12,9,11,1\n", date_format="%m/%d/%Y")
    assert str(session_date(rows.times[0])) == "2013-03-01"
    assert faults(HEADER + GOOD, date_format="%m/%d/%Y") == [
        (2, "date", "'2024-01-02' is not a date like %m/%d/%Y")
    ]


def test_midnight_of_any_offset_is_the_session_as_written() -> None:
    for text in ("2024-01-02 00:00:00-05:00", "2024-01-02T00:00:00Z", "20240102"):
        rows = read(HEADER + text + ",10,12,9,11,1\n")
        assert str(session_date(rows.times[0])) == "2024-01-02"


def test_an_adjusted_close_gives_the_factor() -> None:
    text = "date,open,high,low,close,volume,Adj Close\n2024-01-02,10,12,9,8,1,2\n"
    assert faults(text)[0][1] == "close"
    assert read(text.replace(",8,", ",10,")).factor == (0.2,)
    assert faults(text.replace(",8,1,2", ",10,1,")) == [(2, "adj_close", "is empty")]
    assert faults(text.replace(",8,1,2", ",10,1,1e12")) == [
        (2, "adj_close", "1000000000000.0 is not plausible for close 10.0")
    ]


def test_bom_crlf_cr_blank_lines_and_a_missing_last_newline_are_no_trouble(tmp_path: Path) -> None:
    for number, line_end in enumerate(("\r\n", "\r", "\n")):
        path = tmp_path / f"{number}.csv"
        text = HEADER + "\n" + GOOD + "\n   \n2024-01-03,10,12,9,11,-0.0"
        path.write_bytes(b"\xef\xbb\xbf" + text.replace("\n", line_end).encode())
        rows = read_csv(path)
        assert len(rows) == 2
        assert str(rows.volume[1]) == "0.0"
    assert len(read("\ufeff" + HEADER + GOOD)) == 1


def test_a_row_of_nothing_but_commas_is_a_bad_row() -> None:
    assert {field for _, field, _ in faults(HEADER + GOOD + ",,,,,\n")} == {
        "date",
        "open",
        "high",
        "low",
        "close",
        "volume",
    }


def test_lines_are_counted_through_quoted_line_ends() -> None:
    text = "date,note,open,high,low,close,volume\n2024-01-02,'a\nb',1,1,1,1,1\n".replace("'", '"')
    assert faults(text + "2024-01-03,c,x,1,1,1,1\n") == [(4, "open", "'x' is not a number")]


def test_text_that_is_not_utf8_is_refused_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "latin.csv"
    path.write_bytes(HEADER.encode() + GOOD.encode() + b"2024-01-03,\xff,12,9,11,1\n")
    with pytest.raises(InvalidRows, match="is not UTF-8 from about here"):
        read_csv(path)


def test_broken_quoting_is_refused_where_reading_stopped() -> None:
    line, field, reason = faults(HEADER + GOOD + '2024-01-03,"10"x,12,9,11,1\n')[0]
    assert (line, field) == (3, "row")
    assert reason.startswith("is not CSV:")


def test_a_packed_file_is_read_and_a_cut_one_refused(tmp_path: Path) -> None:
    whole = gzip.compress((HEADER + GOOD).encode())
    path = tmp_path / "bars.csv.gz"
    path.write_bytes(whole)
    assert len(read_csv(path)) == 1
    path.write_bytes(whole[:-12])
    with pytest.raises(InvalidRows, match="cannot be read on"):
        read_csv(path)
    path.write_bytes(b"no gzip at all")
    with pytest.raises(InvalidRows, match="cannot be read on"):
        read_csv(path)


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match=r"none\.csv: No such file"):
        read_csv(tmp_path / "none.csv")
    with pytest.raises(Invalid, match="file must be a file that can be read"):
        read_csv(tmp_path)


def test_a_header_that_lacks_columns_is_one_bad_row() -> None:
    with pytest.raises(InvalidRows, match="has 1 bad row; first: line 1: date") as refused:
        read_csv(io.StringIO("a,b\n1,2\n"))
    assert len(refused.value.rows) == 6


def test_a_hundred_faults_are_kept_in_file_order_and_all_bad_rows_counted() -> None:
    twice = "".join(f"2024-01-{day:02},1,1,1,1,1\n" for day in (*range(1, 11), *range(1, 11)))
    bad = "".join(f"{number},1,1,1,1,1\n" for number in range(150))
    with pytest.raises(InvalidRows) as caught:
        read(HEADER + twice + bad)
    assert caught.value.count == 160
    lines = [row.line for row in caught.value.rows]
    assert lines == list(range(12, 112))


_MANY = """
import io, resource, sys
from algotrendy.kernel.errors import InvalidRows
from algotrendy.market_data.csv_rows import read_csv

class Made(io.TextIOBase):
    def __iter__(self):
        yield "date,open,high,low,close,volume\\n"
        for number in range(200_000):
            yield f"2024-01-02,10,12,9,11,{number}\\n"

before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    read_csv(Made())
except InvalidRows as error:
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(error.count, len(error.rows), (after - before) // 1024)
"""


def test_many_bad_rows_are_counted_in_little_memory() -> None:
    # In a process of its own: the peak of this one says nothing. ru_maxrss is in kB on Linux.
    ran = subprocess.run([sys.executable, "-c", _MANY], capture_output=True, text=True, check=True)
    count, kept, peak_mb = map(int, ran.stdout.split())
    assert (count, kept) == (199_999, 100)
    if sys.platform == "linux":
        assert peak_mb < 60
