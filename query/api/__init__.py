"""HTTP routers that speak the upstreams' APIs, byte for byte where clients look."""
