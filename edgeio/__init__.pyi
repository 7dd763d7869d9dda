from . import engineio as engineio
from . import errors as errors
from . import events as events
from . import fs as fs
from . import http as http
from . import iosched as iosched
from . import socket as socket
from . import socketio as socketio
from . import timers as timers
from . import webapp as webapp
from . import websocket as websocket
from .errors import EdgeError as EdgeError
from .events import EventEmitter as EventEmitter
from .webapp import WebApp as WebApp

__version__: str
