//! The frames of CPython's own `socket.py` in tracebacks, as far as its functions are written in Python.

/// Within `getaddrinfo`.
pub fn getaddrinfo() -> &'static str {
    "  File \"/usr/local/lib/python3.12/socket.py\", line 963, in getaddrinfo
    for res in _socket.getaddrinfo(host, port, family, type, proto, flags):
               ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
"
}

/// Within `create_connection`, while it looks the name up.
pub fn lookup() -> &'static str {
    "  File \"/usr/local/lib/python3.12/socket.py\", line 828, in create_connection
    for res in getaddrinfo(host, port, 0, SOCK_STREAM):
               ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  File \"/usr/local/lib/python3.12/socket.py\", line 963, in getaddrinfo
    for res in _socket.getaddrinfo(host, port, family, type, proto, flags):
               ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
"
}

/// Within `create_connection`, when it is given no pair.
pub fn unpack() -> &'static str {
    "  File \"/usr/local/lib/python3.12/socket.py\", line 826, in create_connection
    host, port = address
    ^^^^^^^^^^
"
}

/// Within `create_connection`, while it connects.
pub fn connect() -> &'static str {
    "  File \"/usr/local/lib/python3.12/socket.py\", line 852, in create_connection
    raise exceptions[0]
  File \"/usr/local/lib/python3.12/socket.py\", line 837, in create_connection
    sock.connect(sa)
"
}
