"""Files of cases: blocks of lines between empty ones, a command and its body; lines that begin with # are comments."""


def cases(path):
    """(line number, command, body lines) of each block."""
    block, start = [], 0
    for number, line in enumerate([*path.read_text().splitlines(), ""], 1):
        if line.startswith("#"):
            continue
        if line.strip():
            if not block:
                start = number
            block.append(line)
        elif block:
            yield start, block[0], block[1:]
            block = []
