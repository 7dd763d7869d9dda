"""The binary values met while a value is encoded as JSON: they travel beside it, and placeholders stand for them."""

found_attachments = []
"""Those of the last `json_encode`; empty it with `take_attachments`."""


def placeholder(data):
    """Keeps `data` (bytes, bytearray or memoryview) as an attachment; what stands for it in the JSON (dict)."""
    found_attachments.append(bytes(data))
    return {'_placeholder': True, 'num': len(found_attachments) - 1}


def take_attachments():
    """The binary values met by the last `json_encode`, in the order of their placeholders; None for none."""
    if not found_attachments:
        return None
    found = found_attachments[:]
    found_attachments.clear()
    return found
