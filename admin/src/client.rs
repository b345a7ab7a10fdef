//! The admin half of the daemon's socket: one request frame, one response frame, blocking.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use bridge_proto::admin::{Request, Response};
use bridge_proto::frame::{self, HEADER};
use bridge_proto::hello::{ClientHello, Role, ServerHello, Welcome};
use serde::Serialize;

use crate::failure::Failure;
use crate::text::safe_text;

/// A daemon that does not even greet in that time is stuck.
const GREETING: Duration = Duration::from_secs(5);
/// Verifying a trail of millions of rows takes its time.
const ANSWER: Duration = Duration::from_secs(300);

/// A connection to the running daemon.
#[derive(Debug)]
pub(crate) struct Client<S = UnixStream> {
    stream: S,
    welcome: Welcome,
}

impl Client {
    /// Connects to the socket and introduces this program.
    pub(crate) fn connect(socket: &Path) -> Result<Self, Failure> {
        let stream = UnixStream::connect(socket).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => {
                Failure::NotRunning { socket: socket.to_owned() }
            }
            io::ErrorKind::PermissionDenied => Failure::Failed(format!(
                "the socket {} is not yours to use; run bridgectl as the user who runs bridged",
                socket.display()
            )),
            _ => Failure::failed(format_args!("connecting to {}", socket.display()), error),
        })?;
        stream.set_write_timeout(Some(GREETING)).map_err(broken)?;
        stream.set_read_timeout(Some(GREETING)).map_err(broken)?;
        let client = Self::greet(stream)?;
        client.stream.set_read_timeout(Some(ANSWER)).map_err(broken)?;
        Ok(client)
    }
}

#[cfg(test)]
impl Client {
    /// On a connection that has been greeted already.
    pub(crate) fn over(stream: UnixStream) -> Self {
        let welcome = Welcome { protocol: bridge_proto::PROTOCOL, version: String::new(), pid: 0 };
        Self { stream, welcome }
    }
}

impl<S: Read + Write> Client<S> {
    /// Says hello on a fresh connection.
    fn greet(mut stream: S) -> Result<Self, Failure> {
        write_frame(&mut stream, &ClientHello::new(Role::Admin, env!("CARGO_PKG_VERSION")))?;
        match parse(&read_frame(&mut stream)?)? {
            ServerHello::Welcome(welcome) => Ok(Self { stream, welcome }),
            ServerHello::Refused { refused } => {
                Err(Failure::Failed(format!("the daemon refuses: {}", safe_text(&refused.message))))
            }
        }
    }

    /// What the daemon said of itself.
    pub(crate) fn welcome(&self) -> &Welcome {
        &self.welcome
    }

    /// Asks and waits for the answer.
    pub(crate) fn ask(&mut self, request: &Request) -> Result<Response, Failure> {
        match self.exchange(request)? {
            Response::Error(error) => Err(error.into()),
            response => Ok(response),
        }
    }

    /// Asks and waits for the answer, which may be that the daemon refuses: a failure is one of the connection.
    pub(crate) fn exchange(&mut self, request: &Request) -> Result<Response, Failure> {
        write_frame(&mut self.stream, request)?;
        parse(&read_frame(&mut self.stream)?)
    }
}

fn write_frame(stream: &mut impl Write, message: &impl Serialize) -> Result<(), Failure> {
    let payload = serde_json::to_vec(message).map_err(|error| Failure::failed("writing a request", error))?;
    let mut wire = Vec::new();
    frame::encode(&payload, &mut wire).map_err(|error| Failure::failed("writing a request", error))?;
    stream.write_all(&wire).map_err(broken)
}

fn read_frame(stream: &mut impl Read) -> Result<Vec<u8>, Failure> {
    let mut wire = vec![0; HEADER];
    stream.read_exact(&mut wire).map_err(broken)?;
    let total = match frame::decode(&wire) {
        Ok(frame::Decoded::Frame { end: total } | frame::Decoded::Partial { total }) => total,
        Err(error) => return Err(Failure::failed("the daemon's answer is no frame of this protocol", error)),
    };
    wire.resize(total, 0);
    stream.read_exact(&mut wire[HEADER..]).map_err(broken)?;
    Ok(wire.split_off(HEADER))
}

fn parse<T: serde::de::DeserializeOwned>(payload: &[u8]) -> Result<T, Failure> {
    serde_json::from_slice(payload).map_err(|error| {
        Failure::failed(
            "the daemon's answer cannot be understood; are bridgectl and bridged of one version?",
            error,
        )
    })
}

fn broken(error: io::Error) -> Failure {
    match error.kind() {
        io::ErrorKind::UnexpectedEof | io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset => Failure::Failed(
            "the daemon closed the connection; it may be shutting down or restarting: try again, or see its log"
                .to_owned(),
        ),
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => {
            Failure::Failed("the daemon does not answer; see its log, or restart it".to_owned())
        }
        _ => Failure::failed("talking to the daemon", error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bridge_proto::hello::{Announcement, protocol_mismatch};

    /// What the daemon will have said, and what was said to it.
    #[derive(Debug, Default)]
    struct Script {
        answers: io::Cursor<Vec<u8>>,
        heard: Vec<u8>,
    }

    impl Script {
        fn of(payloads: &[&str]) -> Self {
            let mut wire = Vec::new();
            for payload in payloads {
                frame::encode(payload.as_bytes(), &mut wire).unwrap();
            }
            Self { answers: io::Cursor::new(wire), heard: Vec::new() }
        }
    }

    impl Read for Script {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            // A byte at a time: frames come in pieces.
            let length = buffer.len().min(1);
            self.answers.read(&mut buffer[..length])
        }
    }

    impl Write for Script {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.heard.extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    const WELCOME: &str = r#"{"protocol":1,"version":"0.1.0","pid":7}"#;

    #[test]
    fn a_question_and_its_answer() {
        let mut client = Client::greet(Script::of(&[WELCOME, r#"{"reloaded":{"rules":3}}"#])).unwrap();
        assert_eq!(client.welcome().pid, 7);
        assert_eq!(client.ask(&Request::Reload).unwrap(), Response::Reloaded { rules: 3 });
        let mut said = Vec::new();
        frame::encode(br#"{"protocol":1,"role":"admin","version":"0.1.0"}"#, &mut said).unwrap();
        frame::encode(br#"{"cmd":"reload"}"#, &mut said).unwrap();
        assert_eq!(client.stream.heard, said);
    }

    #[test]
    fn a_refusal_is_shown_in_the_daemons_words() {
        let old = Announcement { protocol: 0, version: "0.0.9".into() };
        let refused =
            serde_json::to_string(&ServerHello::Refused { refused: protocol_mismatch(&old, "0.1.0") });
        let error = Client::greet(Script::of(&[&refused.unwrap()])).unwrap_err();
        assert_eq!(error.exit_code(), 1);
        assert!(error.to_string().contains("0.0.9") && error.to_string().contains("reinstall"), "{error}");
    }

    #[test]
    fn an_error_answer_keeps_its_code() {
        let answer = r#"{"error":{"code":"human_only","message":"for people"}}"#;
        let mut client = Client::greet(Script::of(&[WELCOME, answer])).unwrap();
        assert_eq!(client.ask(&Request::Reload).unwrap_err().exit_code(), 4);
    }

    #[test]
    fn ends_and_nonsense_are_named() {
        let end = Client::greet(Script::of(&[])).unwrap_err().to_string();
        assert!(end.contains("closed the connection"), "{end}");
        let mut huge = Script::of(&[WELCOME]);
        huge.answers.get_mut().extend([0xff; 8]);
        let huge = Client::greet(huge).unwrap().ask(&Request::Status).unwrap_err().to_string();
        assert!(huge.contains("exceeds"), "{huge}");
        let other =
            Client::greet(Script::of(&[WELCOME, r#"{"unheard_of":1}"#])).unwrap().ask(&Request::Status);
        assert!(other.unwrap_err().to_string().contains("one version"));
    }

    #[test]
    fn no_socket_is_no_daemon() {
        let error = Client::connect(Path::new("/nonexistent/bridged.sock")).unwrap_err();
        assert_eq!(error.exit_code(), 3);
        assert!(error.to_string().contains("bridged --detach"), "{error}");
    }
}
