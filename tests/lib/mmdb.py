#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Write an mmdb file, as MaxMind's format 2.0 has it, from JSON on standard input.

usage: mmdb.py FILE <<< '{
    "type": "GeoLite2-Country",             the database_type
    "epoch": 1795000000,                    the build_epoch
    "description": "...", "ip_version": 6,  may be left out
    "records": {"192.0.2.0/24": {"country": {"iso_code": "AQ"}}, ...}
}'

A longer prefix wins over a shorter one that holds it. A whole number becomes a
uint32, or a uint64 where it is larger. {"$bytes": "ff00"} is a text of just these
bytes, valid UTF-8 or not; {"$raw": "ff00"} stands in the file as it is.
"""
import ipaddress
import json
import struct
import sys

TEXT, DOUBLE, UINT16, UINT32, MAP, UINT64, ARRAY, BOOLEAN = 2, 3, 5, 6, 7, 9, 11, 14
RECORD_SIZE = 32
MARKER = b"\xab\xcd\xefMaxMind.com"


def control(kind, size):
    """The control byte of a value, its extended type and its size."""
    extended = b"" if kind <= 7 else bytes([kind - 7])
    first = kind << 5 if kind <= 7 else 0
    if size < 29:
        return bytes([first | size]) + extended
    if size < 285:
        return bytes([first | 29]) + extended + bytes([size - 29])
    if size < 65821:
        return bytes([first | 30]) + extended + struct.pack(">H", size - 285)
    return bytes([first | 31]) + extended + struct.pack(">I", size - 65821)[1:]


def number(kind, value):
    packed = value.to_bytes(8, "big").lstrip(b"\0")
    return control(kind, len(packed)) + packed


def text(value):
    return control(TEXT, len(value)) + value


def encode(value):
    if isinstance(value, bool):
        return control(BOOLEAN, int(value))
    if isinstance(value, int):
        return number(UINT32 if value < 1 << 32 else UINT64, value)
    if isinstance(value, float):
        return control(DOUBLE, 8) + struct.pack(">d", value)
    if isinstance(value, str):
        return text(value.encode())
    if isinstance(value, list):
        return control(ARRAY, len(value)) + b"".join(map(encode, value))
    if "$bytes" in value:
        return text(bytes.fromhex(value["$bytes"]))
    if "$raw" in value:
        return bytes.fromhex(value["$raw"])
    return control(MAP, len(value)) + b"".join(
        text(key.encode()) + encode(one) for key, one in value.items()
    )


def bits(network, ip_version):
    """The bits of a network's prefix, from the root of the tree."""
    whole = f"{int(network.network_address):0{network.max_prefixlen}b}"
    before = "0" * 96 if network.version == 4 and ip_version == 6 else ""
    return before + whole[: network.prefixlen]


def tree(records, ip_version):
    """Nodes of two children: a node, the bytes of a record, or None."""
    root = [None, None]
    networks = [(ipaddress.ip_network(net), one) for net, one in records.items()]
    for network, one in sorted(networks, key=lambda pair: pair[0].prefixlen):
        path = bits(network, ip_version)
        node = root
        for bit in map(int, path[:-1]):
            if not isinstance(node[bit], list):
                node[bit] = [node[bit], node[bit]]
            node = node[bit]
        node[int(path[-1])] = encode(one)
    return root


def lay_out(root):
    """The bytes of the tree, the number of its nodes, and the data section."""
    nodes, offsets, data = [root], {}, b""
    for node in nodes:
        nodes.extend(child for child in node if isinstance(child, list))
    numbers = {id(node): i for i, node in enumerate(nodes)}
    packed = b""
    for node in nodes:
        for child in node:
            if isinstance(child, list):
                value = numbers[id(child)]
            elif child is None:
                value = len(nodes)
            else:
                if child not in offsets:
                    offsets[child] = len(data)
                    data += child
                value = len(nodes) + 16 + offsets[child]
            packed += struct.pack(">I", value)
    return packed, len(nodes), data


def main():
    given = json.load(sys.stdin)
    ip_version = given.get("ip_version", 6)
    packed, node_count, data = lay_out(tree(given["records"], ip_version))
    metadata = [
        ("node_count", number(UINT32, node_count)),
        ("record_size", number(UINT16, RECORD_SIZE)),
        ("ip_version", number(UINT16, ip_version)),
        ("database_type", encode(given["type"])),
        ("languages", encode(["en"])),
        ("binary_format_major_version", number(UINT16, 2)),
        ("binary_format_minor_version", number(UINT16, 0)),
        ("build_epoch", number(UINT64, given["epoch"])),
        ("description", encode({"en": given.get("description", "")})),
    ]
    with open(sys.argv[1], "wb") as out:
        out.write(packed + bytes(16) + data + MARKER + control(MAP, len(metadata)))
        out.write(b"".join(text(key.encode()) + one for key, one in metadata))


main()
