"""Content types by file name."""

# One text, not a dict: on a board it takes 2 KB instead of 17.
_TYPES = """
aac audio/aac
avif image/avif
bin application/octet-stream
bmp image/bmp
css text/css
csv text/csv
gif image/gif
gz application/gzip
htm text/html
html text/html
ico image/x-icon
jpeg image/jpeg
jpg image/jpeg
js text/javascript
json application/json
log text/plain
m4a audio/mp4
map application/json
md text/markdown
mjs text/javascript
mp3 audio/mpeg
mp4 video/mp4
oga audio/ogg
ogg audio/ogg
ogv video/ogg
otf font/otf
pdf application/pdf
png image/png
py text/x-python
svg image/svg+xml
tar application/x-tar
text text/plain
ttf font/ttf
txt text/plain
urlencoded application/x-www-form-urlencoded
wasm application/wasm
wav audio/wav
webm video/webm
webmanifest application/manifest+json
webp image/webp
woff font/woff
woff2 font/woff2
xhtml application/xhtml+xml
xml application/xml
zip application/zip
"""


def extension(name):
    """The extension of a file name, in lower case and without its dot; '' where it has none."""
    name = name[name.rfind('/') + 1 :]
    dot = name.rfind('.')
    return name[dot + 1 :].lower() if dot > 0 else ''


def content_type(name, default='application/octet-stream'):
    """The Content-Type for a file name or extension ('a.html', '.html', 'html'), or `default`."""
    ext = extension(name) or name.lower().lstrip('.')
    mark = '\n' + ext + ' '
    at = _TYPES.find(mark) if ext and ' ' not in ext and '\n' not in ext else -1
    if at < 0:
        return default
    kind = _TYPES[at + len(mark) : _TYPES.find('\n', at + 1)]
    return kind + '; charset=utf-8' if kind.startswith('text/') or kind == 'application/json' else kind
