//! Sockets.

use std::net::{TcpListener, UdpSocket};
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram, UnixListener};
use std::time::Duration;

use bridge_guard::Tier;
use bridge_guard::sandbox::Job;

use super::Promise;
use super::bench::Bench;

pub(crate) const PROMISES: &[Promise] = &[
    ("a server of the host in the workspace is out of reach", sockets_in_the_workspace),
    ("abstract sockets of the host are out of reach", abstract_sockets),
    ("connected pairs work", connected_pairs),
    ("the host's loopback is out of reach", host_loopback),
    ("the network is there when it is granted", granted_network),
];

const EPERM: &str = "1";

fn sockets_in_the_workspace(bench: &Bench) {
    let place = bench.place();
    let [stream, datagram] = ["stream", "datagram"].map(|name| place.workspace.join(name));
    let listener = UnixListener::bind(&stream).unwrap();
    let receiver = UnixDatagram::bind(&datagram).unwrap();
    listener.set_nonblocking(true).unwrap();
    receiver.set_nonblocking(true).unwrap();
    for network in [false, true] {
        for (what, path) in [("unix", &stream), ("datagrams", &datagram)] {
            let job = place.probe(what, &path.display().to_string());
            place.run(&Job { network, ..job }).says(EPERM);
        }
    }
    assert!(listener.accept().is_err());
    assert!(receiver.recv(&mut [0; 8]).is_err());
}

fn abstract_sockets(bench: &Bench) {
    let place = bench.place();
    let name = format!("bridge-guard-test-{}", place.outside().display());
    let listener = UnixListener::bind_addr(&SocketAddr::from_abstract_name(&name).unwrap()).unwrap();
    listener.set_nonblocking(true).unwrap();
    for network in [false, true] {
        place.run(&Job { network, ..place.probe("abstract", &name) }).says(EPERM);
    }
    assert!(listener.accept().is_err());
}

fn connected_pairs(bench: &Bench) {
    let place = bench.place();
    place.run(&place.probe("pair", "")).says("ok");
}

fn host_loopback(bench: &Bench) {
    let place = bench.place();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let receiver = UdpSocket::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    receiver.set_read_timeout(Some(Duration::from_millis(1))).unwrap();
    let tcp = place.run(&place.probe("tcp", &listener.local_addr().unwrap().to_string()));
    assert_ne!(tcp.out().trim(), "ok", "{tcp}");
    // In a network of its own a datagram to nobody can be sent.
    place.run(&place.probe("udp", &receiver.local_addr().unwrap().to_string()));
    assert!(listener.accept().is_err());
    assert!(receiver.recv(&mut [0; 8]).is_err());
    let own = if bench.is(Tier::Bubblewrap) { "ok" } else { EPERM };
    place.run(&place.probe("own-loopback", "")).says(own);
}

fn granted_network(bench: &Bench) {
    let place = bench.place();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let job = place.probe("tcp", &listener.local_addr().unwrap().to_string());
    place.run(&Job { network: true, ..job }).says("ok");
}
