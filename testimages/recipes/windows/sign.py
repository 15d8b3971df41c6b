"""Signatures by their form: PKCS #7 signed data over the right digests, signed by nobody.

RFC 2315 for the container; Microsoft, "Windows Authenticode Portable Executable Signature Format" for programs; [MS-CAESO] 4.4.5.1 for the
certificate trust list a catalog is.  There are no certificates, and the signature itself is zeros.
"""
import hashlib, struct

DIGESTS = {"sha1": (1, 3, 14, 3, 2, 26), "sha256": (2, 16, 840, 1, 101, 3, 4, 2, 1)}
SIGNED, INDIRECT, PE_IMAGE = (1, 2, 840, 113549, 1, 7, 2), (1, 3, 6, 1, 4, 1, 311, 2, 1, 4), (1, 3, 6, 1, 4, 1, 311, 2, 1, 15)
TRUST_LIST, CATALOG, MEMBER, NAME_VALUE = (1, 3, 6, 1, 4, 1, 311, 10, 1), (1, 3, 6, 1, 4, 1, 311, 12, 1, 1), (1, 3, 6, 1, 4, 1, 311, 12, 1, 2), (1, 3, 6, 1, 4, 1, 311, 12, 2, 1)


def der(tag, *content):
    body = b"".join(content)
    size = len(body)
    length = bytes([size]) if size < 128 else bytes([0x81, size]) if size < 256 else b"\x82" + struct.pack(">H", size)
    return bytes([tag]) + length + body


def sequence(*content):
    return der(0x30, *content)


def identifier(arcs):
    out = [arcs[0] * 40 + arcs[1]]
    for arc in arcs[2:]:
        digits = [arc & 0x7F]
        while arc := arc >> 7:
            digits.insert(0, arc & 0x7F | 0x80)
        out += digits
    return der(0x06, bytes(out))


def algorithm(name):
    return sequence(identifier(DIGESTS[name]), der(0x05))


def integer(n):
    return der(0x02, n.to_bytes(max(1, (n.bit_length() + 8) // 8), "big"))


def signed_data(kind, content, digest):
    name = sequence(der(0x31, sequence(identifier((2, 5, 4, 3)), der(0x13, b"Composed test image"))))
    attributes = der(0xA0, sequence(identifier((1, 2, 840, 113549, 1, 9, 3)), der(0x31, identifier(kind))),
                     sequence(identifier((1, 2, 840, 113549, 1, 9, 4)), der(0x31, der(0x04, hashlib.new(digest, content).digest()))))
    signer = sequence(integer(1), sequence(name, integer(1)), algorithm(digest), attributes,
                      sequence(identifier((1, 2, 840, 113549, 1, 1, 1)), der(0x05)), der(0x04, bytes(256)))
    return sequence(identifier(SIGNED), der(0xA0, sequence(integer(1), der(0x31, algorithm(digest)), sequence(identifier(kind), der(0xA0, content)), der(0x31, signer))))


def image_digest(file, digest):
    """The digest of a PE file without checksum, the entry of the certificate table, and that table."""
    at = struct.unpack_from("<I", file, 0x3C)[0] + 24
    entry = at + (144 if struct.unpack_from("<H", file, at)[0] == 0x20B else 128)
    end = struct.unpack_from("<I", file, entry)[0] or len(file)
    return hashlib.new(digest, bytes(file[:at + 64]) + bytes(file[at + 68:entry]) + bytes(file[entry + 8:end])).digest()


def indirect(value, digest):
    image = sequence(identifier(PE_IMAGE), sequence(der(0x03, b"\0"), der(0xA0, der(0xA2, der(0x80)))))
    return image, sequence(algorithm(digest), der(0x04, value))


def certificate(file, digest="sha256"):
    """The certificate table of a PE file: WIN_CERTIFICATE, revision 2.0, PKCS #7."""
    blob = signed_data(INDIRECT, sequence(*indirect(image_digest(file, digest), digest)), digest)
    blob += bytes(-len(blob) % 8)
    return struct.pack("<IHH", 8 + len(blob), 0x0200, 0x0002) + blob


def catalog(files, digest="sha256"):
    """A catalog of the PE files {name: bytes} and of other files by their plain digest."""
    members = []
    for name, data in sorted(files.items()):
        value = image_digest(data, digest) if data[:2] == b"MZ" else hashlib.new(digest, data).digest()
        named = sequence(identifier(NAME_VALUE), der(0x31, sequence(der(0x1E, "File".encode("utf-16-be")), integer(0x10010001), der(0x04, (name + "\0").encode("utf-16-le")))))
        members.append(sequence(der(0x04, value), der(0x31, named, sequence(identifier(INDIRECT), der(0x31, sequence(*indirect(value, digest)))))))
    usage = sequence(identifier(CATALOG))
    return signed_data(TRUST_LIST, sequence(usage, der(0x04, hashlib.md5(repr(sorted(files)).encode()).digest()), der(0x17, b"240410080000Z"), sequence(identifier(MEMBER), der(0x05)), sequence(*members)), digest)
