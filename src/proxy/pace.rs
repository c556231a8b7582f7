//! How fast a body has to come: whole within its time, and never for long below its least rate. Who drips
//! holds a place, and a share of the budget, for as long as it is let.

use std::time::Duration;

use tokio::time::Instant;

use crate::policy::gateway::Limits;

/// A body may begin slowly.
const GRACE: Duration = Duration::from_secs(5);

/// The time that one body has.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    began: Instant,
    longest: Duration,
    bytes_a_second: u64,
}

impl Pace {
    /// From now on.
    pub(super) fn begin(limits: &Limits) -> Self {
        Self { began: Instant::now(), longest: limits.body_timeout, bytes_a_second: limits.min_body_rate.max(1) }
    }

    /// When more has to have come, where so much has.
    pub(super) fn deadline(&self, bytes: u64) -> Instant {
        let nanos = u128::from(bytes) * 1_000_000_000 / u128::from(self.bytes_a_second);
        let earned = Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX));
        self.began + GRACE.saturating_add(earned).min(self.longest)
    }

    /// It was not the client that was waited for, for so long.
    pub(super) fn excuse(&mut self, time: Duration) {
        self.began += time;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_earns_time_up_to_all_there_is() {
        let began = Instant::now();
        let mut pace = Pace { began, longest: Duration::from_secs(30), bytes_a_second: 240 };
        let seconds = |pace: &Pace, bytes| pace.deadline(bytes).duration_since(began).as_millis();
        assert_eq!(seconds(&pace, 0), 5_000);
        assert_eq!(seconds(&pace, 120), 5_500);
        assert_eq!(seconds(&pace, 2_400), 15_000);
        assert_eq!(seconds(&pace, 6_000), 30_000);
        assert_eq!(seconds(&pace, u64::MAX), 30_000);
        pace.excuse(Duration::from_secs(2));
        assert_eq!(seconds(&pace, 0), 7_000);
        let hurried = Pace { longest: Duration::from_millis(300), ..pace };
        assert_eq!(seconds(&hurried, 0), 2_300);
    }
}
