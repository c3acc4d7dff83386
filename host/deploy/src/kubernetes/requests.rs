//! One request, tried again when the cluster is busy or the connection broke. Every request that the target makes may be
//! made twice: it applies, deletes by uid, or only looks.

use std::{future::Future, time::Duration};

use futures_util::{StreamExt as _, future::BoxFuture, stream};
use kube::Error;

/// How often a request is made at most.
const ATTEMPTS: u32 = 6;

/// The first pause; each next one is twice as long. A busy cluster asks for a second.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const BUSY_PAUSE: Duration = Duration::from_secs(1);

/// The longest pause, also when the cluster asks for a longer one.
const LONGEST_PAUSE: Duration = Duration::from_secs(15);

/// How long one request may take: a little more than the cluster gives itself.
const LIMIT: Duration = Duration::from_secs(65);

/// How many objects are worked on at a time.
const AT_A_TIME: usize = 8;

/// Does work on many objects, some at a time; the answers in the order of the work.
pub(crate) async fn some_at_a_time<'a, R: Send>(work: impl Iterator<Item = BoxFuture<'a, R>>) -> Vec<R> {
    let work: Vec<_> = work.collect();
    stream::iter(work).buffered(AT_A_TIME).collect().await
}

/// How often the first request to a cluster is made: its address may be wrong, and people wait for the message.
const FIRST_ATTEMPTS: u32 = 2;

/// Makes a request until it is answered for good.
pub(crate) async fn persistently<T, F>(request: impl FnMut() -> F + Send) -> Result<T, Error>
where
    F: Future<Output = Result<T, Error>> + Send,
{
    up_to(ATTEMPTS, request).await
}

/// Makes the first request to a cluster.
pub(crate) async fn at_first<T, F>(request: impl FnMut() -> F + Send) -> Result<T, Error>
where
    F: Future<Output = Result<T, Error>> + Send,
{
    up_to(FIRST_ATTEMPTS, request).await
}

async fn up_to<T, F>(attempts: u32, mut request: impl FnMut() -> F + Send) -> Result<T, Error>
where
    F: Future<Output = Result<T, Error>> + Send,
{
    let mut attempt = 0;
    loop {
        let answer = tokio::time::timeout(LIMIT, request())
            .await
            .unwrap_or_else(|late| Err(Error::Service(late.into())));
        attempt += 1;
        match answer {
            Err(error) if attempt < attempts => match pause(&error, attempt) {
                Some(pause) => tokio::time::sleep(pause).await,
                None => return Err(error),
            },
            answer => return answer,
        }
    }
}

/// How long to wait before the next attempt; `None` when there is no sense in one.
fn pause(error: &Error, attempt: u32) -> Option<Duration> {
    let growing = FIRST_PAUSE * 2_u32.saturating_pow(attempt - 1);
    let pause = match error {
        Error::Api(status) => {
            let asked = status.details.as_ref().map_or(0, |details| details.retry_after_seconds);
            let asked = Duration::from_secs(asked.into());
            match status.code {
                429 => growing.max(BUSY_PAUSE).max(asked),
                500 | 502 | 503 | 504 => growing.max(asked),
                _ => return None,
            }
        }
        Error::Service(cause) if cause.downcast_ref::<kube::client::AuthError>().is_some() => return None,
        Error::Service(_) | Error::HyperError(_) | Error::ReadEvents(_) => growing,
        _ => return None,
    };
    Some(pause.min(LONGEST_PAUSE))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use kube::core::Status;

    use super::*;

    fn answered(code: u16) -> Error {
        Error::Api(Status { code, ..Status::default() }.boxed())
    }

    #[tokio::test(start_paused = true)]
    async fn a_busy_cluster_is_asked_again_and_a_refusal_stands() {
        for (code, expected) in
            [(429, ATTEMPTS), (503, ATTEMPTS), (500, ATTEMPTS), (403, 1), (409, 1), (404, 1)]
        {
            let asked = AtomicU32::new(0);
            let answer: Result<(), _> = persistently(|| {
                asked.fetch_add(1, Ordering::Relaxed);
                async move { Err(answered(code)) }
            })
            .await;
            assert!(matches!(answer, Err(Error::Api(status)) if status.code == code));
            assert_eq!(asked.load(Ordering::Relaxed), expected, "{code}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_hangs_is_given_up_and_tried_again() {
        let asked = AtomicU32::new(0);
        let answer = persistently(|| {
            let first = asked.fetch_add(1, Ordering::Relaxed) == 0;
            async move {
                if first {
                    std::future::pending::<()>().await;
                }
                Ok(())
            }
        })
        .await;
        assert!(answer.is_ok());
    }

    #[test]
    fn the_cluster_says_how_long_to_wait_within_limits() {
        let mut status = Status { code: 429, ..Status::default() };
        let mut asking = |seconds| {
            status.details = Some(kube::core::response::StatusDetails {
                name: String::new(),
                group: String::new(),
                kind: String::new(),
                uid: String::new(),
                causes: Vec::new(),
                retry_after_seconds: seconds,
            });
            pause(&Error::Api(status.clone().boxed()), 1)
        };
        assert_eq!(asking(0), Some(BUSY_PAUSE));
        assert_eq!(asking(7), Some(Duration::from_secs(7)));
        assert_eq!(asking(7000), Some(LONGEST_PAUSE));
    }
}
