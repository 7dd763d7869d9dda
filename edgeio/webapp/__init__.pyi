from . import body as body
from .app import WebApp as WebApp
from .router import Router as Router
