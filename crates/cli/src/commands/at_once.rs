//! Work for several logins at the same time: none waits for a silent server of another's, but for a free place.

use tokio::task::JoinSet;

/// How many are under way at once: each refresh is a process of its own.
const PLACES: usize = 8;

/// Does all of the work, a few pieces at a time. What comes of it is in the order of its ending.
pub(super) async fn at_once<T, Work>(work: impl IntoIterator<Item = Work>) -> Vec<T>
where
    T: Send + 'static,
    Work: Future<Output = T> + Send + 'static,
{
    let mut waiting = work.into_iter();
    let mut under_way = JoinSet::new();
    let mut done = Vec::new();
    loop {
        while under_way.len() < PLACES
            && let Some(work) = waiting.next()
        {
            under_way.spawn(work);
        }
        match under_way.join_next().await {
            None => return done,
            Some(Ok(outcome)) => done.push(outcome),
            Some(Err(failed)) => {
                if let Ok(panic) = failed.try_into_panic() {
                    std::panic::resume_unwind(panic);
                }
            }
        }
    }
}
