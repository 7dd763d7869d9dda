"""Content types by file name."""

_TEXT = '; charset=utf-8'

_TYPES = {
    'aac': 'audio/aac',
    'avif': 'image/avif',
    'bin': 'application/octet-stream',
    'bmp': 'image/bmp',
    'css': 'text/css' + _TEXT,
    'csv': 'text/csv' + _TEXT,
    'gif': 'image/gif',
    'gz': 'application/gzip',
    'htm': 'text/html' + _TEXT,
    'html': 'text/html' + _TEXT,
    'ico': 'image/x-icon',
    'jpeg': 'image/jpeg',
    'jpg': 'image/jpeg',
    'js': 'text/javascript' + _TEXT,
    'json': 'application/json' + _TEXT,
    'log': 'text/plain' + _TEXT,
    'm4a': 'audio/mp4',
    'map': 'application/json' + _TEXT,
    'md': 'text/markdown' + _TEXT,
    'mjs': 'text/javascript' + _TEXT,
    'mp3': 'audio/mpeg',
    'mp4': 'video/mp4',
    'oga': 'audio/ogg',
    'ogg': 'audio/ogg',
    'ogv': 'video/ogg',
    'otf': 'font/otf',
    'pdf': 'application/pdf',
    'png': 'image/png',
    'py': 'text/x-python' + _TEXT,
    'svg': 'image/svg+xml',
    'tar': 'application/x-tar',
    'text': 'text/plain' + _TEXT,
    'ttf': 'font/ttf',
    'txt': 'text/plain' + _TEXT,
    'urlencoded': 'application/x-www-form-urlencoded',
    'wasm': 'application/wasm',
    'wav': 'audio/wav',
    'webm': 'video/webm',
    'webmanifest': 'application/manifest+json',
    'webp': 'image/webp',
    'woff': 'font/woff',
    'woff2': 'font/woff2',
    'xhtml': 'application/xhtml+xml',
    'xml': 'application/xml',
    'zip': 'application/zip',
}


def extension(name):
    """The extension of a file name, in lower case and without its dot; '' where it has none."""
    name = name[name.rfind('/') + 1 :]
    dot = name.rfind('.')
    return name[dot + 1 :].lower() if dot > 0 else ''


def content_type(name, default='application/octet-stream'):
    """The Content-Type for a file name or extension ('a.html', '.html', 'html'), or `default`."""
    return _TYPES.get(extension(name) or name.lower().lstrip('.'), default)
