//! Connections: one type over tcp, tls, udp, and unix streams and datagrams.
