//! One function a coding: each runs its decoder chunk by chunk to the end of the first stream, and says
//! how many bytes of the input that took.

use std::io::{ErrorKind, Read};

use ::brotli::{BrotliDecompressStream, BrotliResult, BrotliState, HeapAlloc, HuffmanCode};
use ::zstd::zstd_safe::{DCtx, DParameter, InBuffer, OutBuffer};

use super::{CodingFault, Output};

/// Decoded bytes between two looks at the limits.
const CHUNK: usize = 16 * 1024;

/// RFC 8878 §3.1.1.1.2 recommends that decoders take windows of 8 MiB, RFC 9659 §3 that HTTP never
/// needs larger ones.
const ZSTD_WINDOW_LOG: u32 = 23;

/// RFC 8878 §3.1.1.
const ZSTD_MAGIC: [u8; 4] = 0xFD2F_B528_u32.to_le_bytes();

pub(super) fn gzip(bytes: &[u8], output: &mut Output) -> Result<usize, CodingFault> {
    let mut decoder = flate2::bufread::GzDecoder::new(bytes);
    drain(&mut decoder, output)?;
    Ok(bytes.len() - decoder.into_inner().len())
}

pub(super) fn deflate(bytes: &[u8], output: &mut Output) -> Result<usize, CodingFault> {
    let mut decoder = flate2::bufread::ZlibDecoder::new(bytes);
    drain(&mut decoder, output)?;
    Ok(bytes.len() - decoder.into_inner().len())
}

fn drain(decoder: &mut impl Read, output: &mut Output) -> Result<(), CodingFault> {
    let mut chunk = [0; CHUNK];
    loop {
        let length = decoder.read(&mut chunk).map_err(|error| match error.kind() {
            ErrorKind::UnexpectedEof => CodingFault::Truncated,
            _ => CodingFault::Corrupt,
        })?;
        match chunk.get(..length) {
            None | Some([]) => return Ok(()),
            Some(decoded) => output.push(decoded)?,
        }
    }
}

pub(super) fn brotli(bytes: &[u8], output: &mut Output) -> Result<usize, CodingFault> {
    // Strict: large windows, up to 1 GiB, are no part of RFC 7932. Its own end at 16 MiB.
    let mut state = BrotliState::new_strict(
        HeapAlloc::<u8>::new(0),
        HeapAlloc::<u32>::new(0),
        HeapAlloc::<HuffmanCode>::new(HuffmanCode::default()),
    );
    let mut chunk = [0; CHUNK];
    let mut unread = bytes.len();
    let mut read = 0;
    let mut total = 0;
    loop {
        let mut room = chunk.len();
        let mut written = 0;
        let result = BrotliDecompressStream(
            &mut unread,
            &mut read,
            bytes,
            &mut room,
            &mut written,
            &mut chunk,
            &mut total,
            &mut state,
        );
        output.push(chunk.get(..written).unwrap_or_default())?;
        match result {
            BrotliResult::ResultSuccess => return Ok(read),
            BrotliResult::NeedsMoreOutput => {}
            // All of the input is there from the start.
            BrotliResult::NeedsMoreInput => return Err(CodingFault::Truncated),
            BrotliResult::ResultFailure => return Err(CodingFault::Corrupt),
        }
    }
}

pub(super) fn zstd(bytes: &[u8], output: &mut Output) -> Result<usize, CodingFault> {
    // A skippable frame holds anything and decodes to nothing: no body starts with one.
    match bytes.get(..ZSTD_MAGIC.len()) {
        None => return Err(CodingFault::Truncated),
        Some(magic) if magic == ZSTD_MAGIC => {}
        Some(_) => return Err(CodingFault::Corrupt),
    }
    let mut decoder = DCtx::try_create().ok_or(CodingFault::TooLarge)?;
    decoder.set_parameter(DParameter::WindowLogMax(ZSTD_WINDOW_LOG)).map_err(|_| CodingFault::Corrupt)?;
    let mut chunk = [0; CHUNK];
    let mut input = InBuffer::around(bytes);
    loop {
        let before = input.pos();
        let mut room = OutBuffer::around(chunk.as_mut_slice());
        let expected = decoder.decompress_stream(&mut room, &mut input).map_err(|_| CodingFault::Corrupt)?;
        let written = room.as_slice();
        output.push(written)?;
        // Zero says that the frame is complete and all of it was written out.
        if expected == 0 {
            return Ok(input.pos());
        }
        if written.is_empty() && input.pos() == before {
            return Err(CodingFault::Truncated);
        }
    }
}
