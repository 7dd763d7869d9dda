from .server import HttpServer as HttpServer
from .server import create_server as create_server
