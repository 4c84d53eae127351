from . import peer_listing
from . import product_product
