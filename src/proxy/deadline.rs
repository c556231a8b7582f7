//! Deadlines without a timer for each: a connection has one alarm, which is set again only when it rings.
//!
//! Almost every deadline is moved before it is reached. So an alarm that is due earlier than the deadline is
//! left as it is, and when it rings too early it is set again; under load that is once in many requests.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use tokio::time::{Instant, Sleep, sleep_until};

/// The alarm of one connection.
#[derive(Debug, Default)]
pub(super) struct Alarm {
    sleep: Option<Pin<Box<Sleep>>>,
}

/// The time is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Elapsed;

impl Alarm {
    /// Polls for something until `deadline`. What is there already is taken, however late.
    pub(super) async fn within<T>(
        &mut self,
        deadline: Instant,
        mut poll: impl FnMut(&mut Context<'_>) -> Poll<T>,
    ) -> Result<T, Elapsed> {
        poll_fn(|cx| match poll(cx) {
            Poll::Ready(done) => Poll::Ready(Ok(done)),
            Poll::Pending => self.poll_rung(cx, deadline).map(|()| Err(Elapsed)),
        })
        .await
    }

    /// The same for a future.
    pub(super) async fn wait_for<T>(&mut self, deadline: Instant, what: impl Future<Output = T>) -> Result<T, Elapsed> {
        let mut what = pin!(what);
        self.within(deadline, |cx| what.as_mut().poll(cx)).await
    }

    /// Whether `deadline` has passed; if not, whoever polls is woken when it has.
    pub(super) fn poll_rung(&mut self, cx: &mut Context<'_>, deadline: Instant) -> Poll<()> {
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        if sleep.deadline() > deadline {
            sleep.as_mut().reset(deadline);
        }
        while sleep.as_mut().poll(cx).is_ready() {
            // It rang for a deadline that has been moved since.
            if Instant::now() >= deadline {
                return Poll::Ready(());
            }
            sleep.as_mut().reset(deadline);
        }
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn an_alarm_rings_for_the_deadline_that_holds_now() {
        let (mut alarm, began) = (Alarm::default(), Instant::now());
        let at = |seconds| began + Duration::from_secs(seconds);
        assert_eq!(alarm.within(at(60), |_| Poll::Ready(1)).await, Ok(1));
        // Earlier than it was set, later than it was set, and over already.
        for seconds in [10, 60, 90] {
            assert_eq!(alarm.within(at(seconds), |_| Poll::<()>::Pending).await, Err(Elapsed));
            assert_eq!(began.elapsed().as_secs(), seconds);
        }
        assert_eq!(alarm.within(at(5), |_| Poll::<()>::Pending).await, Err(Elapsed));
        assert_eq!(alarm.within(at(5), |_| Poll::Ready(2)).await, Ok(2), "what is there is taken");
    }
}
