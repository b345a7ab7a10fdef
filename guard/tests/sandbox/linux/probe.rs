//! This program as a job: tries one thing and says what came of it, `ok` or the number of the error.

use std::io;
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram, UnixStream};

pub(crate) fn main(arguments: &[String]) {
    let [what, argument] = arguments else { panic!("what, and with what") };
    let result = match what.as_str() {
        "unix" => UnixStream::connect(argument).map(drop),
        "abstract" => SocketAddr::from_abstract_name(argument)
            .and_then(|address| UnixStream::connect_addr(&address))
            .map(drop),
        "datagrams" => UnixDatagram::pair().and_then(|(one, _other)| one.send_to(b"x", argument)).map(drop),
        "pair" => UnixStream::pair().map(drop),
        "tcp" => TcpStream::connect(argument).map(drop),
        "udp" => UdpSocket::bind("127.0.0.1:0").and_then(|socket| socket.send_to(b"x", argument)).map(drop),
        "own-loopback" => own_loopback(),
        other => panic!("{other}"),
    };
    match result {
        Ok(()) => println!("ok"),
        Err(error) => println!("{}", error.raw_os_error().unwrap_or(-1)),
    }
}

fn own_loopback() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    TcpStream::connect(listener.local_addr()?)?;
    listener.accept().map(drop)
}
