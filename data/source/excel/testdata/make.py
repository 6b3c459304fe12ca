# Writes the workbooks of the tests: pip install openpyxl xlsxwriter
import datetime as dt
import openpyxl
import xlsxwriter

rows = [
    ["id", "name", "day", "at", "clock", "price", "ok", "code", "share", None],
    [1, "a, \"b\"\nc", dt.date(2024, 1, 2), dt.datetime(2024, 1, 2, 3, 4, 5, 678000), dt.time(15, 4, 5), 0.1, True, "00123", 0.05, None],
    [2, " ünïcode ", dt.date(1900, 3, 1), dt.datetime(1999, 12, 31, 23, 59, 59), dt.time(0, 0), -2.5e-7, False, "7", 1, None],
    [None] * 10,
    [3, None, None, None, None, 12345678.25, None, "=x", None, "no name"],
]

book = openpyxl.Workbook()
sheet = book.active
sheet.title = "First"
for row in rows:
    sheet.append(row)
sheet["H5"].value = "'=x"
for cell in sheet["I"]:
    cell.number_format = "0%"
other = book.create_sheet("Second sheet")
other["B2"] = "a note above the table"
other["B4"], other["C4"] = "x", "y"
other["B5"], other["C5"] = 1, "=B5*2"
other["B6"], other["C6"] = "#N/A", 5
other["B6"].data_type = "e"
book.save("openpyxl.xlsx")

book = xlsxwriter.Workbook("xlsxwriter.xlsx", {"constant_memory": True, "date_1904": True})
sheet = book.add_worksheet("Data")
day, at, clock, span = (book.add_format({"num_format": f}) for f in ("dd/mm/yyyy", "yyyy-mm-dd hh:mm:ss.000", "[$-409]h:mm AM/PM;@", "[h]:mm"))
sheet.write_row(0, 0, ["day", "at", "clock", "span", "inline", "formula", "error"])
for i in range(3):
    sheet.write_datetime(i + 1, 0, dt.datetime(2024, 2, 28 + i) if i < 2 else dt.datetime(1904, 1, 1), day)
    sheet.write_datetime(i + 1, 1, dt.datetime(2024, 2, 29, 12, 0, 0, 1000 * i), at)
    sheet.write_datetime(i + 1, 2, dt.time(1 + i, 30), clock)
    sheet.write_number(i + 1, 3, 1.5 * i, span)
    sheet.write_string(i + 1, 4, "text %d" % i)
    sheet.write_formula(i + 1, 5, "=D%d*2" % (i + 2), None, 3 * i)
    sheet.write_formula(i + 1, 6, "=1/%d" % i, None, 1 / i if i else "#DIV/0!")
book.close()

book = xlsxwriter.Workbook("shared.xlsx")
sheet = book.add_worksheet()
bold = book.add_format({"bold": True})
sheet.write_row(0, 0, ["a", "b"])
sheet.write_rich_string(1, 0, "plain ", bold, "bold")
sheet.write_row(1, 1, [1.0])
sheet.write_row(2, 0, ["plain", 1e300])
sheet.write_row(3, 0, ["line\rend", 123456789012345])
book.close()
