"""CSV files as people have them; what cannot be used is named with its line."""

from __future__ import annotations

from pathlib import Path

import pytest
from fedfiles import make_spec, measure, write_csv

from ravpy.table import BATCH_ROWS, Format, TableError, open_table
from ravspec.federated import By, Column, Statistic, Where
from ravspec.sums import Kind, Sum

SUM = Sum(Kind.SUM, ("x",), ("x",))
X = make_spec({"x": Column(decimals=2)}, Statistic("sum", ("x",)), Statistic("missing", ("x",)))


@pytest.mark.parametrize(
    ("text", "form", "total"),
    [
        ("x,y\n1,2\n3,4\n", Format(), 400),
        ("\ufeffx,y\r\n1,2\r\n3,4\r\n", Format(), 400),
        ('"x";"y"\n"1,5";"a;b"\n"2,25";""\n', Format(separator=";", decimal_comma=True), 375),
        ("y\tx\n\n0\t1\n\n0\t2", Format(separator="\t"), 300),
        ('x,y\n1,"two\nlines, and ""quotes"""\n2,\n', Format(), 300),
        (" x , y\n 1 , 2\n", Format(), 100),
        ("x\n1\nNA\n\n?\n5\n", Format(missing=frozenset("?")), 600),
        ("x\n", Format(), 0),
    ],
)
def test_files_as_people_write_them(tmp_path: Path, text: str, form: Format, total: int) -> None:
    path = tmp_path / "d.csv"
    path.write_bytes(text.encode())
    assert measure(X, path, form)[0].sums[SUM] == total


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16", "cp1252"])
def test_encodings(tmp_path: Path, encoding: str) -> None:
    spec = make_spec({"größe": Column()}, Statistic("count", ("größe",)))
    path = write_csv(tmp_path / "d.csv", ["größe"], [[1], [2]], encoding=encoding)
    assert list(measure(spec, path, Format(encoding=encoding))[0].sums.values()) == [2]


@pytest.mark.parametrize(
    ("text", "form", "why"),
    [
        (b"", Format(), "is empty"),
        (b"y\n1\n", Format(), 'line 1: there is no column "x"'),
        (b"xs,y\n1,2\n", Format(), 'did you mean "xs"'),
        (b"x;y\n1;2\n", Format(), "--separator"),
        (b"x;\n1;\n", Format(), "--separator"),
        (b"x,x\n1,2\n", Format(), 'line 1: 2 columns are called "x"'),
        (b"x,y\n1,2\n3\n", Format(), "line 3: 1 cells; the first line has 2"),
        (b"x\n1\ntwo\n", Format(), "line 3, column \"x\": 'two' is no number"),
        (b'x,y\n1,"a\nb"\n2_0,c\n', Format(), "line 4, column \"x\": '2_0'"),
        (b"x\n1\n1e14\n", Format(), "line 3, column \"x\": '1e14' is outside -10,000,000,000,000 to 10,"),
        (b"x\n1\ninf\n", Format(), "line 3"),
        (b"x\n1\n\xff\n", Format(), "line 3: not utf-8 (invalid start byte); say --encoding: latin-1"),
        (
            "x\n1\n".encode("utf-16"),
            Format(),
            "line 1: not utf-8 (invalid start byte); say --encoding: it begins as files in utf-16",
        ),
        (b"x\n1\n", Format(encoding="utf-16"), "d.csv: not utf-16 (UTF-16 stream does not start with BOM)"),
        ("x\n1\n".encode("utf-16")[:-1], Format(encoding="utf-16"), "d.csv: not utf-16 (truncated data)"),
        (
            b"x\n1\n1,5\n".replace(b"x", b'"x"').replace(b"1,5", b'"1,5"'),
            Format(),
            "line 3, column \"x\": '1,5' is no number; see --decimal-comma",
        ),
        (b'x,y\n1,"a\nb"\ntwo,"c\nd"\n', Format(), "line 4, column \"x\": 'two'"),
        (b'x\n1\n"2\n3\n4\n', Format(), "line 3: a quoted cell has no end"),
        (b'x\n"1\n', Format(), "line 2: a quoted cell has no end"),
        (b"x\n1\n", Format(encoding="utf-9"), "no encoding"),
        (b"x\n1\n", Format(separator=";;"), "one character"),
        (b"x\n" + b"1" * 200_000, Format(), "line 2: field larger"),
        (b"x\n1,5\n", Format(decimal_comma=True), "line 2: 2 cells"),
        (
            b"x;y\n1.234;2\n",
            Format(separator=";", decimal_comma=True),
            "line 2, column \"x\": '1.234' is no number (it has a point, where decimals have a comma)",
        ),
    ],
)
def test_what_cannot_be_used_is_named_with_its_line(
    tmp_path: Path, text: bytes, form: Format, why: str
) -> None:
    path = tmp_path / "d.csv"
    path.write_bytes(text)
    with pytest.raises(TableError) as raised:
        measure(X, path, form)
    assert why in str(raised.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="cannot be read"), open_table(tmp_path / "no.csv", Format()):
        pass


def test_bounds_leave_values_out_and_count_them(tmp_path: Path) -> None:
    spec = make_spec({"x": Column("18", "80", 0), "y": Column(min="0")}, Statistic("mean", ("x", "y")))
    path = write_csv(tmp_path / "d.csv", ["x", "y"], [[17, -1], [18, 0], [80, ""], [81, 5], ["", 1]])
    found, _ = measure(spec, path)
    assert list(found.counts.values()) == [2, 3]  # both ends count; columns are by themselves
    assert found.excluded == {"x": 2, "y": 1}
    assert found.missing == {"x": 1, "y": 1}


def test_conditions_and_groups_choose_rows(tmp_path: Path) -> None:
    by = By("sex", ("f", "m"))
    asked = [Statistic("count", ("x",), by=by), Statistic("missing", ("x",), by=by)]
    where = {"year": Where(min="2000"), "site": Where(values=("a", "b"))}
    spec = make_spec({"x": Column()}, *asked, where=where)
    rows = [[1, "f", 2000, "a"], [2, "m", 1999, "a"], ["", "f", 2001, "b"], [4, "f", 2001, "c"],
            [5, "x", 2001, "a"], [6, "m", "", "a"], [7, " m ", 2000.5, "a"]]  # fmt: skip
    found, _ = measure(spec, write_csv(tmp_path / "d.csv", ["x", "sex", "year", "site"], rows))
    assert (found.rows, found.chosen) == (7, 4)
    assert {total.text(): n for total, n in found.sums.items()} == {
        "count of x where sex is f": 1, "count of x where sex is m": 1,
        "missing cells of x where sex is f": 1, "missing cells of x where sex is m": 0,
    }  # fmt: skip


@pytest.mark.parametrize(("words", "chosen"), [(set(), 4), ({"-9"}, 2), ({"-9", "?"}, 1)])
def test_words_for_missing_cells_hold_in_conditions_too(tmp_path: Path, words: set[str], chosen: int) -> None:
    where = {"year": Where(max="2000"), "site": Where(values=("NA", "?", "-9"))}
    spec = make_spec({"x": Column()}, Statistic("count", ("x",)), where=where)
    rows = [[1, 1999, "NA"], [2, -9, "NA"], [3, 1999, "?"], [4, 1999, "-9"], [5, "", "NA"], [6, 2001, "NA"]]
    path = write_csv(tmp_path / "d.csv", ["x", "year", "site"], rows)
    found, _ = measure(spec, path, Format(missing=frozenset(words)))
    assert found.chosen == chosen


@pytest.mark.parametrize(
    ("words", "rows"), [(set(), [2, 3, 1]), ({"-9"}, [2, 0, 1]), ({"-9", "unbekannt"}, [2, 0, 0])]
)
def test_words_for_missing_cells_hold_in_groups_too(tmp_path: Path, words: set[str], rows: list[int]) -> None:
    by = By("site", ("NA", "-9", "Unbekannt"))  # NA may be a country
    spec = make_spec({"x": Column()}, Statistic("count", ("x",), by=by))
    cells = ["NA", "-9", " -9 ", "NA", "Unbekannt", "-9"]
    path = write_csv(tmp_path / "d.csv", ["x", "site"], [[1, cell] for cell in cells])
    found, _ = measure(spec, path, Format(missing=frozenset(words)))
    assert list(found.sums.values()) == rows


def test_a_condition_s_cell_that_is_no_number_is_named_with_what_helps(tmp_path: Path) -> None:
    spec = make_spec({"x": Column()}, Statistic("count", ("x",)), where={"year": Where(min="0")})
    path = write_csv(tmp_path / "d.csv", ["x", "year"], [[1, "2.000"], [2, "?"]], delimiter=";")
    with pytest.raises(TableError, match=r"line 2, column \"year\": '2.000' is no number \(it has a point"):
        measure(spec, path, Format(separator=";", decimal_comma=True))
    with pytest.raises(TableError, match=r"line 3, column \"year\": '\?' is no number; see --missing"):
        measure(spec, path, Format(separator=";"))
    assert measure(spec, path, Format(separator=";", missing=frozenset("?")))[0].chosen == 1


def test_batches_add_up(tmp_path: Path) -> None:
    n = 2 * BATCH_ROWS + 17
    path = write_csv(tmp_path / "d.csv", ["x"], ([i] for i in range(n)))
    found, _ = measure(X, path)
    assert (found.rows, found.sums[SUM]) == (n, 100 * sum(range(n)))
    with open(path, "a") as file:
        file.write("oops\n")
    with pytest.raises(TableError, match=f"line {n + 2}, "):
        measure(X, path)
