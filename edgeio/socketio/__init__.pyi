from .adapter import Adapter as Adapter
from .server import Server as Server
