# ruff: noqa: F821
"""json_scan.py in machine code: fifty times as fast, so that checking costs next to nothing.

Where MicroPython has no compiler for the processor, importing this is a SyntaxError.
"""

import micropython


@micropython.viper
def scan(text: ptr8, size: int, grammar: ptr8, stack: ptr8, room: int) -> int:
    """0 where the `size` bytes of `text` are a JSON value, else the place of the error, counted from 1.

    grammar: as json_grammar.py makes it; its states are numbers here, which is what machine code is fast with.
    stack: three times `room` bytes; room: how deep lists and objects may go. What takes the runtime's own reader more
    than linear time is an error too: above 4300 digits of an integer, above 1024 names of an object.
    """
    state = 5  # VALUE
    depth = 0
    digits = 0
    i = 0
    while i < size:
        state = int(grammar[256 + state * 32 + int(grammar[int(text[i])])])
        i += 1
        if state < 128:
            if state == 2:  # INT
                digits += 1
                if digits > 4300:
                    return i
            else:
                digits = 0
            continue
        digits = 0
        if state < 130:  # OPEN_OBJECT, OPEN_LIST
            if depth == room:
                return i
            stack[depth] = state
            depth += 1
            stack[room + depth + depth - 1] = 0  # how many names it has, in two bytes
            stack[room + depth + depth - 2] = 0
            state = 8 if state == 128 else 6  # FIRST_KEY, FIRST_ITEM
        elif state == 255 or depth == 0:  # ERROR, or nothing is open
            return i
        elif state == 132:  # COMMA
            state = 5  # VALUE
            if int(stack[depth - 1]) == 128:
                state = 7  # KEY
                names = room + depth + depth - 2
                stack[names] = (int(stack[names]) + 1) & 255
                if int(stack[names]) == 0:
                    stack[names + 1] = int(stack[names + 1]) + 1
                    if int(stack[names + 1]) == 4:
                        return i
        else:
            depth -= 1
            if int(stack[depth]) != state - 2:
                return i
            state = 0  # AFTER
    if depth == 0 and state < 5:
        return 0
    return size + 1
