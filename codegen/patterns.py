"""Translates the models' patterns, which are Java's, to PCRE2's, and compiles each once to be sure."""

import ctypes
import ctypes.util
import re

from failure import GenerationError

# Java's names of character classes that PCRE2 spells otherwise; the others ({L}, {M}, {N}, ...) are the same.
CLASSES = {
    "Alpha": "[:alpha:]", "Digit": "[:digit:]", "Alnum": "[:alnum:]", "Upper": "[:upper:]", "Lower": "[:lower:]",
    "Punct": "[:punct:]", "Graph": "[:graph:]", "Print": "[:print:]", "Blank": "[:blank:]", "Cntrl": "[:cntrl:]",
    "XDigit": "[:xdigit:]", "Space": "[:space:]", "ASCII": r"\x{0}-\x{7F}", "LD": r"\p{L}\p{Nd}",
}  # fmt: skip
PROPERTIES = {"IsLetter": "L", "IsAlphabetic": "L", "IsDigit": "Nd", "Letter": "L", "all": "Any"}
# How the models write "every character beyond U+FFFF": pairs of UTF-16 surrogates.
ASTRAL = (r"\uD800\uDC00-\uDBFF\uDFFF", r"\ud800\udc00-\udbff\udfff", r"\uD800\uDBFF-\uDC00\uDFFF")

UTF, UCP, DOLLAR_ENDONLY = 0x00080000, 0x00020000, 0x00000010


def translate(pattern):
    """The pattern as PCRE2 (UTF mode) reads it. Raises GenerationError with the reason where there is no translation."""
    for pair in ASTRAL:
        pattern = pattern.replace(pair, r"\x{10000}-\x{10FFFF}")
    out, i, in_class = [], 0, False
    while i < len(pattern):
        c = pattern[i]
        if c == "\\":
            start = i
            text, i = _escape(pattern, i, in_class)
            out.append(text)
            # Java takes '-' after a class such as \w for itself; PCRE2 wants it escaped.
            if in_class and pattern[start + 1] in "wsdWSDpP" and pattern.startswith("-", i) and pattern[i + 1 : i + 2] != "]":
                out.append("\\-")
                i += 1
            continue
        if in_class and pattern.startswith("&&", i):
            raise GenerationError("it intersects character classes (&&)")
        if c == "[":
            if in_class:
                # Java: a nested class is a union. Only the plain mistake "[[...]" occurs; PCRE2 reads a literal '['.
                raise GenerationError("it nests character classes")
            in_class = True
            out.append("[")
            i += 1
            if pattern.startswith("^", i):
                out.append("^")
                i += 1
            continue
        if c == "]" and in_class:
            in_class = False
        out.append(c)
        i += 1
    result = "".join(out)
    _compile(result)
    return result


def _escape(pattern, i, in_class):
    match = re.match(r"\\u([0-9A-Fa-f]{4})", pattern[i:])
    if match:
        code = int(match[1], 16)
        if 0xD800 <= code <= 0xDFFF:
            low = re.match(r"\\u([Dd][C-Fc-f][0-9A-Fa-f]{2})", pattern[i + 6 :])
            if code < 0xDC00 and low:
                astral = 0x10000 + ((code - 0xD800) << 10) + (int(low[1], 16) - 0xDC00)
                return f"\\x{{{astral:X}}}", i + 12
            raise GenerationError(f"it names half a surrogate pair ({match[0]})")
        return f"\\x{{{code:X}}}", i + 6
    match = re.match(r"\\([pP])\{(\w+)\}", pattern[i:])
    if match:
        name = match[2]
        if name in CLASSES:
            posix = CLASSES[name]
            if match[1] == "P":
                posix = posix.replace("[:", "[:^")
            return (posix if in_class else f"[{posix}]"), i + len(match[0])
        return f"\\{match[1]}{{{PROPERTIES.get(name, name)}}}", i + len(match[0])
    if pattern[i + 1 : i + 2] == "Z":
        return "\\Z", i + 2
    return pattern[i : i + 2], i + 2


def _library():
    name = ctypes.util.find_library("pcre2-8")
    if name is None:
        raise GenerationError("libpcre2-8 is not installed: patterns cannot be checked (tools/setup.sh installs it)")
    library = ctypes.CDLL(name)
    library.pcre2_compile_8.restype = ctypes.c_void_p
    return library


_pcre2 = None


def _compile(pattern):
    global _pcre2
    _pcre2 = _pcre2 or _library()
    number, offset = ctypes.c_int(), ctypes.c_size_t()
    text = pattern.encode()
    code = _pcre2.pcre2_compile_8(
        text, ctypes.c_size_t(len(text)), ctypes.c_uint32(UTF | DOLLAR_ENDONLY), ctypes.byref(number),
        ctypes.byref(offset), None)  # fmt: skip
    if not code:
        buffer = ctypes.create_string_buffer(256)
        _pcre2.pcre2_get_error_message_8(number, buffer, ctypes.c_size_t(256))
        raise GenerationError(f"PCRE2 says at byte {offset.value}: {buffer.value.decode()}")
    _pcre2.pcre2_code_free_8(ctypes.c_void_p(code))
