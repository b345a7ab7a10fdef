//! Servers of the host that no command may reach.

use std::fs;
use std::net::{TcpListener, UdpSocket};
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram, UnixListener};
use std::path::Path;

/// One of each kind, all of them listening.
pub(crate) struct Listeners {
    tcp: TcpListener,
    tcp6: Option<TcpListener>,
    udp: UdpSocket,
    outside: UnixListener,
    hidden: UnixListener,
    inside: Option<(UnixListener, UnixDatagram)>,
    pub(crate) port: u16,
    pub(crate) udp_port: u16,
    pub(crate) hidden_name: String,
}

impl Listeners {
    /// Opens them; `outside` is where the one with a path outside the workspace goes.
    pub(crate) fn open(outside: &Path) -> Self {
        let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = tcp.local_addr().unwrap().port();
        let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
        let udp_port = udp.local_addr().unwrap().port();
        let hidden_name = format!("bridged-attacks-{port}");
        let address = SocketAddr::from_abstract_name(&hidden_name).unwrap();
        let listeners = Self {
            tcp6: TcpListener::bind(("::1", port)).ok(),
            outside: UnixListener::bind(outside.join("host.sock")).unwrap(),
            hidden: UnixListener::bind_addr(&address).unwrap(),
            inside: None,
            tcp,
            udp,
            port,
            udp_port,
            hidden_name,
        };
        listeners.tcp.set_nonblocking(true).unwrap();
        listeners.tcp6.iter().for_each(|tcp| tcp.set_nonblocking(true).unwrap());
        listeners.udp.set_nonblocking(true).unwrap();
        listeners.outside.set_nonblocking(true).unwrap();
        listeners.hidden.set_nonblocking(true).unwrap();
        listeners
    }

    /// Listens in a workspace too, as a development server of the user's might.
    pub(crate) fn open_inside(&mut self, workspace: &Path) {
        let stream = UnixListener::bind(workspace.join("server.sock")).unwrap();
        let datagram = UnixDatagram::bind(workspace.join("datagram.sock")).unwrap();
        for name in ["server.sock", "datagram.sock"] {
            fs::set_permissions(workspace.join(name), fs::Permissions::from_mode(0o777)).unwrap();
        }
        stream.set_nonblocking(true).unwrap();
        datagram.set_nonblocking(true).unwrap();
        self.inside = Some((stream, datagram));
    }

    /// Who was reached since the last look.
    pub(crate) fn reached(&self) -> Vec<&'static str> {
        let mut buffer = [0; 8];
        let inside = self.inside.as_ref();
        [
            (self.tcp.accept().is_ok(), "a TCP server of the host"),
            (self.tcp6.as_ref().is_some_and(|tcp| tcp.accept().is_ok()), "a TCP server of the host (IPv6)"),
            (self.udp.recv(&mut buffer).is_ok(), "a UDP server of the host"),
            (self.outside.accept().is_ok(), "a Unix socket outside"),
            (self.hidden.accept().is_ok(), "an abstract socket"),
            (inside.is_some_and(|(stream, _)| stream.accept().is_ok()), "a server in the workspace"),
            (
                inside.is_some_and(|(_, datagram)| datagram.recv(&mut buffer).is_ok()),
                "a datagram server in the workspace",
            ),
        ]
        .into_iter()
        .filter_map(|(reached, who)| reached.then_some(who))
        .collect()
    }
}
