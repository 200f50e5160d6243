"""Writes a small libicudata: of ICU's data only what this program asks for, 60 KiB of 30 MiB.

    icu_data.py LIBRARY NAME... >data.bin     NAME: an item of the data, e.g. nfkc.nrm

Of the properties of characters, NFC and case ICU has tables of its own. The form of the data: a header that says how
long it is, then the number of items, for each where its name and its data begin (from that number on), names, data.
"""
import ctypes
import re
import struct
import sys


def main():
    path, wanted = sys.argv[1], set(sys.argv[2:])
    version = re.search(r"\.so\.(\d+)", path).group(1)
    library = ctypes.CDLL(path)
    start = ctypes.addressof(ctypes.c_char.in_dll(library, f"icudt{version}_dat"))
    header = ctypes.string_at(start, struct.unpack("<H", ctypes.string_at(start, 2))[0])
    table = start + len(header)
    count = struct.unpack("<I", ctypes.string_at(table, 4))[0]
    places = struct.unpack(f"<{2 * count}I", ctypes.string_at(table + 4, 8 * count))
    kept = []
    for i in range(count):
        name = ctypes.string_at(table + places[2 * i])
        if name.decode().split("/", 1)[-1] not in wanted or i + 1 == count:
            continue
        first, past = places[2 * i + 1], places[2 * i + 3]
        kept.append((name + b"\0", ctypes.string_at(table + first, past - first)))
    if len(kept) != len(wanted):
        sys.exit(f"{path} lacks some of {sorted(wanted)}")
    names = b"".join(name for name, _ in kept)
    at, data_at = 4 + 8 * len(kept), (4 + 8 * len(kept) + len(names) + 15) // 16 * 16
    entries, datas = b"", b""
    for name, data in kept:
        entries += struct.pack("<II", at, data_at + len(datas))
        at += len(name)
        datas += data + b"\0" * (-len(data) % 16)
    body = struct.pack("<I", len(kept)) + entries + names
    sys.stdout.buffer.write(header + body + b"\0" * (data_at - len(body)) + datas)


main()
