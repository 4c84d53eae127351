from . import peer_listing
