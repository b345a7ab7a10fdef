//! Frames: a 4-byte big-endian length, then that many bytes of UTF-8 JSON.

use thiserror::Error;

/// Bytes in a frame's length prefix.
pub const HEADER: usize = 4;

/// Largest payload of a frame in bytes (1 MiB). A longer one is refused before anything is allocated for it.
pub const MAX_PAYLOAD: usize = 1 << 20;

/// Why bytes on the wire are not a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum FrameError {
    /// The length prefix (or a payload to be sent) exceeds [`MAX_PAYLOAD`].
    #[error("frame of {length} bytes exceeds the limit of {MAX_PAYLOAD} bytes")]
    TooLarge {
        /// Length the peer announced or the caller wanted to send.
        length: usize,
    },
}

/// Length prefix for a payload of `length` bytes.
///
/// # Errors
/// [`FrameError::TooLarge`] when the payload exceeds [`MAX_PAYLOAD`].
pub fn header(length: usize) -> Result<[u8; HEADER], FrameError> {
    match u32::try_from(length) {
        Ok(n) if length <= MAX_PAYLOAD => Ok(n.to_be_bytes()),
        _ => Err(FrameError::TooLarge { length }),
    }
}

/// Appends `payload` as one frame to `out`.
///
/// # Errors
/// [`FrameError::TooLarge`], with `out` unchanged.
pub fn encode(payload: &[u8], out: &mut Vec<u8>) -> Result<(), FrameError> {
    let prefix = header(payload.len())?;
    out.reserve(HEADER + payload.len());
    out.extend_from_slice(&prefix);
    out.extend_from_slice(payload);
    Ok(())
}

/// What the front of a receive buffer holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decoded {
    /// A whole frame: its payload is `buffer[HEADER..end]`, the next frame starts at `end`.
    Frame {
        /// Offset behind the frame.
        end: usize,
    },
    /// More bytes are needed: the frame will occupy `total` bytes ([`HEADER`] when not even that is known).
    Partial {
        /// Bytes the whole frame needs, header included.
        total: usize,
    },
}

/// Looks at the front of `buffer` without copying or allocating.
///
/// # Errors
/// [`FrameError::TooLarge`] as soon as the length prefix is complete.
pub fn decode(buffer: &[u8]) -> Result<Decoded, FrameError> {
    let Some(prefix) = buffer.first_chunk::<HEADER>() else {
        return Ok(Decoded::Partial { total: HEADER });
    };
    let length = u32::from_be_bytes(*prefix) as usize;
    if length > MAX_PAYLOAD {
        return Err(FrameError::TooLarge { length });
    }
    let end = HEADER + length;
    if buffer.len() < end { Ok(Decoded::Partial { total: end }) } else { Ok(Decoded::Frame { end }) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn golden_bytes() {
        let mut out = Vec::new();
        encode(br#"{"id":1}"#, &mut out).unwrap();
        assert_eq!(out, b"\x00\x00\x00\x08{\"id\":1}");
        assert_eq!(decode(&out), Ok(Decoded::Frame { end: 12 }));
        assert_eq!(decode(&out[..11]), Ok(Decoded::Partial { total: 12 }));
        assert_eq!(decode(&out[..3]), Ok(Decoded::Partial { total: HEADER }));
    }

    #[test]
    fn four_gigabytes_are_refused_from_the_prefix_alone() {
        assert_eq!(decode(&[0xff; 4]), Err(FrameError::TooLarge { length: 0xffff_ffff }));
        assert_eq!(header(MAX_PAYLOAD + 1), Err(FrameError::TooLarge { length: MAX_PAYLOAD + 1 }));
        assert!(header(MAX_PAYLOAD).is_ok());
    }

    proptest! {
        #[test]
        fn any_stream_of_frames_comes_back(payloads in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 0..20)) {
            let mut wire = Vec::new();
            for payload in &payloads {
                encode(payload, &mut wire).unwrap();
            }
            let (mut rest, mut seen) = (&wire[..], Vec::new());
            while let Ok(Decoded::Frame { end }) = decode(rest) {
                seen.push(rest[HEADER..end].to_vec());
                rest = &rest[end..];
            }
            prop_assert!(rest.is_empty());
            prop_assert_eq!(seen, payloads);
        }
    }
}
