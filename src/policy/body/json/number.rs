//! Numbers: what the grammar allows, and of that what every reader sees alike.

use serde_json::Number;

use super::reader::Reader;
use super::{Integers, JsonFault, JsonReason, Precision};

/// The largest integer that is exact in a double, and whose neighbour is too (RFC 7493 §2.2).
const INTEROPERABLE: u64 = (1 << 53) - 1;

/// It takes at most so many digits to tell any double from every other.
const DOUBLE_DIGITS: usize = 17;

impl Reader<'_> {
    /// A number; the next byte is its minus or first digit.
    pub(super) fn number(&mut self) -> Result<Number, JsonFault> {
        let start = self.at;
        let written = self.scan_number()?;
        let text = self.text.get(start..self.at).unwrap_or_default();
        let number = if written.integer {
            integer(text, self.rules.integers)
        } else {
            fraction(text, &written, self.rules.precision)
        };
        number.map_err(|reason| JsonFault { offset: start, reason })
    }

    /// RFC 8259 §6: `-`? int frac? exp?
    fn scan_number(&mut self) -> Result<Written, JsonFault> {
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        let digits = self.at;
        let first = self.peek();
        let int = self.digits()?;
        if first == Some(b'0') && int > 1 {
            self.at = digits;
            return Err(self.fault(JsonReason::InvalidNumber));
        }
        let mut integer = true;
        if self.peek() == Some(b'.') {
            integer = false;
            self.at += 1;
            self.digits()?;
        }
        let mantissa = digits..self.at;
        if matches!(self.peek(), Some(b'e' | b'E')) {
            integer = false;
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        let mantissa = self.text.get(mantissa).unwrap_or_default();
        Ok(Written { integer, significant: significant_digits(mantissa) })
    }

    /// One digit or more; how many.
    fn digits(&mut self) -> Result<usize, JsonFault> {
        let count = self.rest().iter().take_while(|byte| byte.is_ascii_digit()).count();
        self.at += count;
        match (count, self.peek()) {
            (0, None) => Err(self.fault(JsonReason::UnexpectedEnd)),
            (0, Some(_)) => Err(self.fault(JsonReason::InvalidNumber)),
            _ => Ok(count),
        }
    }
}

/// How a number is written.
struct Written {
    /// Without fraction and exponent.
    integer: bool,
    /// Digits of the mantissa from the first that is not zero to the last; none in a zero.
    significant: usize,
}

fn significant_digits(mantissa: &str) -> usize {
    mantissa.trim_matches(['0', '.']).bytes().filter(u8::is_ascii_digit).count()
}

fn integer(text: &str, rule: Integers) -> Result<Number, JsonReason> {
    // No integer type has a minus zero, so it is held as a double.
    let exact = match text.strip_prefix('-') {
        Some("0") => return double(text).map(|(number, _)| number),
        Some(_) => text.parse::<i64>().ok().map(|value| (Number::from(value), value.unsigned_abs())),
        None => text.parse::<u64>().ok().map(|value| (Number::from(value), value)),
    };
    match (exact, rule) {
        (Some((number, _)), Integers::Any) => Ok(number),
        (Some((number, magnitude)), Integers::Interoperable) if magnitude <= INTEROPERABLE => Ok(number),
        (None, Integers::Any) => double(text).map(|(number, _)| number),
        (_, Integers::Interoperable) => Err(JsonReason::IntegerOutOfRange),
    }
}

fn fraction(text: &str, written: &Written, rule: Precision) -> Result<Number, JsonReason> {
    if written.significant > DOUBLE_DIGITS && rule == Precision::Double {
        return Err(JsonReason::TooManyDigits);
    }
    let (number, value) = double(text)?;
    // A zero of its own has no significant digit; any other number that became one got lost.
    if value == 0.0 && written.significant > 0 {
        return Err(JsonReason::NumberOutOfRange);
    }
    Ok(number)
}

/// The nearest double, where that is a number.
fn double(text: &str) -> Result<(Number, f64), JsonReason> {
    let value: f64 = text.parse().map_err(|_| JsonReason::InvalidNumber)?;
    match Number::from_f64(value) {
        Some(number) => Ok((number, value)),
        None => Err(JsonReason::NumberOutOfRange),
    }
}
