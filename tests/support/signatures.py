"""What CloudTrail signs, checked without a library."""
import hashlib


def verified(der, signature, text):
    """RSA's PKCS #1 v1.5 over SHA-256, by the book: the key is SEQUENCE {modulus, exponent}."""

    def integer(at):
        size, at = der[at + 1], at + 2
        if size & 0x80:
            size, at = int.from_bytes(der[at:at + (size & 0x7f)], "big"), at + (size & 0x7f)
        return int.from_bytes(der[at:at + size], "big"), at + size

    modulus, at = integer(4)  # a SEQUENCE of two bytes of length
    exponent, _ = integer(at)
    plain = pow(int.from_bytes(signature, "big"), exponent, modulus).to_bytes(256, "big")
    head = bytes.fromhex("3031300d060960864801650304020105000420")
    hashed = hashlib.sha256(text.encode()).digest()
    return plain == b"\x00\x01" + b"\xff" * (256 - 3 - len(head) - len(hashed)) + b"\x00" + head + hashed
