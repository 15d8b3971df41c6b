#!/usr/bin/env python3
"""list-hive.py HIVE -- what hivex reads in a registry hive, in the form of make-hive-features.py without classes.

Needs python3-hivex.  What hivex cannot read is left out and named on stderr.
"""
import sys, zlib
import hivex


def escaped(text):
    return "".join("%%%02X" % ord(c) if ord(c) < 32 or c in "%\x7f" else c for c in text)


hive = hivex.Hivex(sys.argv[1])
pending = [(hive.root(), "")]
while pending:
    node, path = pending.pop()
    print("K\t%s\t" % escaped(path))
    try:
        values = hive.node_values(node)
    except Exception as error:
        print("values of", path, error, file=sys.stderr)
        values = []
    for value in values:
        try:
            name = hive.value_key(value)
            kind, data = hive.value_value(value)
        except Exception as error:
            print("a value of", path, error, file=sys.stderr)
            continue
        print("V\t%s\t%s\t%d\t%d\t%08x" % (escaped(path), escaped(name), kind & 0xFFFFFFFF, len(data), zlib.crc32(data)))
    try:
        children = hive.node_children(node)
    except Exception as error:
        print("subkeys of", path, error, file=sys.stderr)
        children = []
    for child in children:
        try:
            name = hive.node_name(child)
        except Exception as error:
            print("a subkey of", path, error, file=sys.stderr)
            continue
        pending.append((child, path + "\\" + name if path else name))
